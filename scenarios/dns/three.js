// Gets a URL three times, one after the other, and prints the statuses; `kept` keeps the connection.
const http = require('http');

const [url, how] = process.argv.slice(2);
const agent = new http.Agent({keepAlive: how === 'kept'});
const get = () => new Promise((resolve) => {
    const request = http.get(url, {agent}, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', (error) => resolve(error.code));
});

(async () => {
    const statuses = [];
    for (let i = 0; i < 3; ++i) {
        statuses.push(await get());
        await new Promise((next) => setImmediate(next));
    }
    console.log(statuses.join(' '));
    agent.destroy();
})();
