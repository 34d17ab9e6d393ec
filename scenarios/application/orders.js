// A service whose handler forgets to answer on one of its ways: the callback for an order that does not
// exist returns, and nobody calls response.end(). With FIXED=1 it answers 404.
const http = require('node:http');

const orders = new Map([['/orders/1', 'one\n']]);
const find = (path, callback) => setTimeout(() => callback(orders.get(path)), 10);

http.createServer((request, response) => {
  find(request.url, (order) => {
    if (order === undefined) {
      if (process.env.FIXED) response.writeHead(404).end();
      return;
    }
    response.end(order);
  });
}).listen(80);
