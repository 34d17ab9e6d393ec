// Asks for a URL with node:http and `timeout: 10000`; destroys the request then, if told so.
const http = require('node:http');
const [url, onTimeout] = process.argv.slice(2);

const request = http.get(url, { timeout: 10000 }, (response) => {
  response.resume();
  response.on('end', () => console.log(`status ${response.statusCode}`));
});
request.on('timeout', () => {
  console.log('event: timeout');
  if (onTimeout === 'destroy') request.destroy(new Error('gave up'));
});
request.on('error', (error) => {
  console.log(`error: ${error.message}`);
  process.exitCode = 1;
});
