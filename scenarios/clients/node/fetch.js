// Asks for a URL with fetch and its defaults; says why that failed.
fetch(process.argv[2])
  .then((response) => response.text())
  .then((text) => console.log(`${text.length} bytes`))
  .catch((error) => {
    console.log(`${error.message}: ${error.cause?.code}`);
    process.exitCode = 1;
  });
