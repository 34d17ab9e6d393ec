// The proxy under test, and an upstream behind it, on ports the kernel chooses.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import net from 'node:net';
import readline from 'node:readline';

// Starts toxiproxy-server as images do, and waits for its ready line.
export async function startServer(program) {
    const child = spawn(program, ['-host=127.0.0.1', '-port=0', '-seed=7'],
                        {env: {...process.env, LOG_LEVEL: 'error'},
                         stdio: ['ignore', 'inherit', 'pipe']});
    const ended = once(child, 'exit');
    const ready = (async () => {
        for await (const line of readline.createInterface({input: child.stderr})) {
            const url = /API at (http:\/\/[^ ,]+)/.exec(line);
            if (url) return url[1];
            console.error(line);
        }
        throw new Error('the server ended before it was ready');
    })();
    const url = await ready;
    return {
        url,
        async stop() {
            const begin = performance.now();
            child.kill('SIGTERM');
            const [code, signal] = await ended;
            return {code, signal, ms: performance.now() - begin};
        },
    };
}

// Sends back what it gets.
export async function startEcho() {
    const server = net.createServer({allowHalfOpen: true}, socket => {
        socket.on('error', () => {});
        socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {address: `127.0.0.1:${server.address().port}`, close: () => server.close()};
}

// Sends the text through `listen`, and says what came back, when, and how it ended: once as many
// bytes are there, or the connection ended.
export function exchange(listen, text) {
    const [host, port] = [listen.slice(0, listen.lastIndexOf(':')), listen.split(':').pop()];
    return new Promise(resolve => {
        const begin = performance.now();
        const socket = net.connect({host, port: Number(port)});
        const times = [];
        let got = '';
        const end = how => {
            socket.destroy();
            resolve({got, how, times, ms: performance.now() - begin});
        };
        socket.on('connect', () => socket.write(text));
        socket.on('data', data => {
            got += data;
            times.push(performance.now() - begin);
            if (got.length >= text.length) end('answered');
        });
        socket.on('end', () => end('closed'));
        socket.on('error', error => end(error.code));
    });
}
