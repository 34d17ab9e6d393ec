// Asks for a URL with fetch and AbortSignal.timeout; says how far it came.
const [url, limit] = process.argv.slice(2);

(async () => {
  let reached = 'no answer';
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(Number(limit)) });
    reached = `status ${response.status}`;
    const text = await response.text();
    console.log(`${reached}, ${text.length} bytes`);
  } catch (error) {
    console.log(`${reached}, then ${error.name}`);
    process.exitCode = 1;
  }
})();
