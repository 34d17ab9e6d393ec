// Downloads a URL with node:http and `timeout: 10000`, destroyed then; says how much had come.
const http = require('node:http');

let bytes = 0;
const request = http.get(process.argv[2], { timeout: 10000 }, (response) => {
  response.on('data', (chunk) => { bytes += chunk.length; });
  response.on('end', () => console.log(`all ${bytes} bytes`));
  response.on('error', () => {});
});
request.on('timeout', () => {
  console.log(`gave up after ${bytes} bytes`);
  process.exitCode = 1;
  request.destroy();
});
request.on('error', () => {});
