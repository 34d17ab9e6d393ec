// Asks for a URL with node:http, or with fetch where told so; prints the error as it would be logged.
const http = require('node:http');
const [url, library] = process.argv.slice(2);

const failed = (error) => {
  const cause = error.cause ? ` (${error.cause.name}: ${error.cause.message} ${error.cause.code})` : '';
  console.log(`${error.name}: ${error.message} ${error.code ?? ''}${cause}`);
  process.exitCode = 1;
};

if (library === 'fetch') {
  fetch(url).then((response) => response.text()).then((text) => console.log(text.length)).catch(failed);
} else {
  http.get(url, (response) => {
    let bytes = 0;
    response.on('data', (chunk) => { bytes += chunk.length; });
    response.on('end', () => console.log(`${bytes} bytes`));
    response.on('error', failed);
  }).on('error', failed);
}
