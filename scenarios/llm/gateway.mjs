// A gateway for models: PORT, URL, URL. It asks the next one when a model turns a request away or
// cannot be reached, as long as no byte has been passed on; behind that a failure is the caller's.
import http from 'node:http';

const [port, ...models] = process.argv.slice(2);
const again = new Set([429, 503, 529]);

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

http.createServer(async (request, response) => {
  const body = await read(request);
  for (const [number, model] of models.entries()) {
    const last = number + 1 === models.length;
    try {
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch(model + request.url, { method: 'POST', headers, body });
      if (again.has(answer.status) && !last) {
        console.log(`${model} answers ${answer.status}`);
        await answer.text();
        continue;
      }
      response.writeHead(answer.status, { 'Content-Type': answer.headers.get('content-type') });
      for await (const part of answer.body) response.write(part);
      response.end();
    } catch (error) {
      console.log(`${model}: ${error.cause?.code ?? error.message}`);
      if (!response.headersSent && !last) continue;
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    }
    return;
  }
}).listen(Number(port), () => console.log('listening'));
