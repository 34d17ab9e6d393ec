// Asks each URL with node:http (timeout 5 s, or none with `patient`) or with fetch and its own timeouts,
// and prints the error as a log would have it.
const http = require('node:http');
const [library, ...urls] = process.argv.slice(2);

const said = (error) => {
  const one = (e) => `${e.name}: ${e.message}${e.code ? ` [${e.code}]` : ''}`;
  return one(error) + (error.cause ? `, cause: ${one(error.cause)}` : '');
};

const withHttp = (url) => new Promise((resolve, reject) => {
  const request = http.get(url, { timeout: library === 'http' ? 5000 : 0 }, (response) => {
    let bytes = 0;
    response.on('data', (chunk) => { bytes += chunk.length; });
    response.on('end', () => resolve(bytes));
    response.on('error', reject);
  });
  request.on('timeout', () => request.destroy());
  request.on('error', reject);
});

(async () => {
  for (const url of urls) {
    const host = new URL(url).hostname;
    try {
      const bytes = library === 'fetch' ? (await (await fetch(url)).text()).length : await withHttp(url);
      console.log(`${host}: ${bytes} bytes`);
    } catch (error) {
      console.log(`${host}: ${said(error)}`);
    }
  }
})();
