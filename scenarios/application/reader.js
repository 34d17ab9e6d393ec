// A service on Node's one event loop. /report asks another program for it: waiting in place, which is
// the bug, or with ASYNC=1 while the loop goes on.
const http = require('node:http');
const { execFile, execFileSync } = require('node:child_process');

const slow = ['sleep', ['5']]; // stands for what takes that long: a disk, a converter, a hash

http.createServer((request, response) => {
  if (request.url !== '/report') {
    response.end('pong\n');
  } else if (process.env.ASYNC) {
    execFile(...slow, () => response.end('report\n'));
  } else {
    execFileSync(...slow);
    response.end('report\n');
  }
}).listen(80);
