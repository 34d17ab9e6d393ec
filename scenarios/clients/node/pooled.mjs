// Asks for URL so many times, one after the other, each with a pause of so many ms behind it, over a pool of one.
import http from 'node:http';

const [url, times, pause] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function get() {
  return new Promise((resolve) => {
    const request = http.get(url, { agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
      answer.on('error', (error) => resolve(error.code));
    });
    request.on('error', (error) => resolve(error.code));
  });
}

for (let i = 0; i < Number(times); ++i) {
  console.log(await get());
  await new Promise((done) => setTimeout(done, Number(pause)));
}
agent.destroy();
