// Fetches URL, and says what became of it.
try {
  const answer = await fetch(process.argv[2]);
  console.log(`status ${answer.status}`);
} catch (error) {
  console.log(`${error.cause?.code}: ${error.cause?.message}`);
  process.exitCode = 1;
}
