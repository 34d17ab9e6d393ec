// Walks through all that toxiproxy-node-client offers, with real bytes.
import assert from 'node:assert/strict';
import {Proxy, Toxic, Toxiproxy, ToxiproxyError} from 'toxiproxy-node-client';

import {exchange, startEcho, startServer} from './server.mjs';

const server = await startServer(process.argv[2]);
const echo = await startEcho();
const client = new Toxiproxy(server.url);
const called = new Set();

// Every method the package has; each must have been called at the end.
const offered = [[Toxiproxy, 'Toxiproxy'], [Proxy, 'Proxy'], [Toxic, 'Toxic']].flatMap(
    ([type, name]) => Object.getOwnPropertyNames(type.prototype)
                          .filter(method => method !== 'constructor')
                          .map(method => [type, method, `${name}.${method}`]));
for (const [type, method, label] of offered) {
    const original = type.prototype[method];
    type.prototype[method] = function (...args) {
        called.add(label);
        return original.apply(this, args);
    };
}

const refused = (promise, status) => assert.rejects(promise, error => {
    assert.ok(error instanceof ToxiproxyError, String(error));
    assert.match(error.message, new RegExp(`status code ${status}$`));
    return true;
});
const body = (name, more = {}) =>
    ({name, listen: 'localhost:0', upstream: echo.address, ...more});
const toxicBody = (type, attributes, more = {}) =>
    ({type, attributes, name: `${type}_downstream`, stream: 'downstream', toxicity: 1, ...more});
const echoes = async (proxy, text) => {
    const result = await exchange(proxy.listen, text);
    assert.equal(result.how, 'answered');
    assert.equal(result.got, text);
    return result;
};

const steps = {
    async 'the version is JSON, and one that has PATCH'() {
        const text = await client.getVersion();
        assert.equal(client.getApi(), client.api);
        const [major, minor] = JSON.parse(text).version.split('.').map(Number);
        assert.ok(major === 2 && minor >= 6, text);
    },

    async 'a created proxy listens where it says, and passes bytes'() {
        assert.deepEqual(await client.getAll(), {});
        const proxy = await client.createProxy(body('one'));
        assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d*$/);
        assert.deepEqual(proxy.toJson(), {
            name: 'one', listen: proxy.listen, upstream: echo.address, enabled: true});
        assert.equal(proxy.getToxiproxy(), client);
        assert.equal(proxy.getHost(), server.url);
        assert.equal(proxy.getPath(), `${server.url}/proxies/one`);
        await echoes(proxy, 'hello');
        await echoes(proxy, 'x'.repeat(1 << 20));
    },

    async 'a proxy that is there, incomplete or unknown is refused'() {
        await refused(client.createProxy(body('one')), 409);
        await refused(client.createProxy({...body('two'), upstream: ''}), 400);
        await refused(client.createProxy({...body(''), listen: 'localhost:0'}), 400);
        await refused(client.get('nobody'), 404);
        const one = await client.get('one');
        await refused(client.createProxy({...body('two'), listen: one.listen}), 500);
        assert.deepEqual(Object.keys(await client.getAll()), ['one']);
    },

    async 'populate creates, keeps what is equal, and replaces what differs'() {
        const one = await client.get('one');
        await one.addToxic(toxicBody('noop', {}));
        const made = await client.populate([
            {name: 'one', listen: one.listen, upstream: one.upstream},
            body('two', {enabled: false})]);
        assert.deepEqual(Object.keys(made), ['one', 'two']);
        assert.ok(made.two instanceof Proxy);
        assert.equal(made.two.enabled, false);
        assert.equal((await one.getToxic('noop_downstream')).type, 'noop');
        const other = await client.populate(
            [{name: 'one', listen: one.listen, upstream: 'localhost:1'}]);
        assert.equal(other.one.upstream, 'localhost:1');
        await refused(one.getToxic('noop_downstream'), 404);
        await client.populate([{name: 'one', listen: one.listen, upstream: echo.address}]);
        await echoes(await client.get('one'), 'populated');
        await refused(client.populate([body('')]), 400);
    },

    async 'update disables and enables, and moves'() {
        let two = await client.get('two');
        assert.equal(two.enabled, false);
        two = await two.update({enabled: true});
        await echoes(two, 'enabled');
        const disabled = await two.update({enabled: false});
        assert.equal(disabled.enabled, false);
        assert.equal((await exchange(two.listen, 'x')).how, 'ECONNREFUSED');
        const moved = await two.update(
            {enabled: true, listen: 'localhost:0', upstream: echo.address});
        await echoes(moved, 'moved');
        assert.deepEqual((await client.get('two')).toJson(), moved.toJson());
    },

    async 'a latency toxic delays what comes back, until it is updated and removed'() {
        const one = await client.get('one');
        const toxic = await one.addToxic(toxicBody('latency', {latency: 300, jitter: 0}));
        assert.ok(toxic instanceof Toxic);
        assert.deepEqual(toxic.toJson(), {
            attributes: {latency: 300, jitter: 0}, name: 'latency_downstream',
            stream: 'downstream', toxicity: 1, type: 'latency'});
        assert.equal(toxic.getPath(), `${one.getPath()}/toxics/latency_downstream`);
        assert.ok((await echoes(one, 'late')).ms >= 300);
        const updated = await toxic.update({...toxic.toJson(), attributes: {latency: 100}});
        assert.deepEqual(updated.attributes, {latency: 100, jitter: 0});
        assert.deepEqual((await one.getToxic('latency_downstream')).toJson(), updated.toJson());
        assert.ok((await echoes(one, 'less late')).ms >= 100);
        assert.equal(await updated.remove(), undefined);
        await refused(one.getToxic('latency_downstream'), 404);
        await refused(toxic.remove(), 404);
        await echoes(one, 'in time');
    },

    async 'every type the package knows is accepted, with what it sent in the answer'() {
        const one = await client.get('one');
        const types = {
            latency: {latency: 1, jitter: 1}, bandwidth: {rate: 1000}, slow_close: {delay: 1},
            timeout: {timeout: 1}, slicer: {average_size: 10, size_variation: 1, delay: 1},
            limit_data: {bytes: 1000}, reset_peer: {timeout: 1}};
        for (const [type, attributes] of Object.entries(types)) {
            for (const stream of ['upstream', 'downstream']) {
                const toxic = await one.addToxic(
                    toxicBody(type, attributes, {name: '', stream, toxicity: 0.5}));
                assert.deepEqual(toxic.toJson(), {
                    attributes, name: `${type}_${stream}`, stream, toxicity: 0.5, type});
                await toxic.remove();
            }
        }
        await refused(one.addToxic(toxicBody('down', {})), 400);
        await refused(one.addToxic(toxicBody('latency', {latency: 1}, {stream: 'sideways'})), 400);
        await one.addToxic(toxicBody('noop', {}, {name: 'twice'}));
        await refused(one.addToxic(toxicBody('noop', {}, {name: 'twice'})), 409);
    },

    async 'each type does to bytes what its name says'() {
        const one = await client.get('one');
        const under = async (type, attributes, text, stream = 'downstream') => {
            const toxic = await one.addToxic(toxicBody(type, attributes, {stream}));
            const result = await exchange(one.listen, text);
            await toxic.remove();
            return result;
        };
        const limited = await under('limit_data', {bytes: 3}, 'hello');
        assert.deepEqual([limited.got, limited.how], ['hel', 'closed']);
        assert.equal((await under('reset_peer', {timeout: 0}, 'hello')).how, 'ECONNRESET');
        const silent = await under('timeout', {timeout: 100}, 'hello', 'upstream');
        assert.deepEqual([silent.got, silent.how], ['', 'closed']);
        assert.ok(silent.ms >= 100);
        const slow = await under('bandwidth', {rate: 10}, 'x'.repeat(2000));
        assert.equal(slow.got.length, 2000);
        assert.ok(slow.ms >= 150, `2000 bytes at 10 KB/s took ${slow.ms} ms`);
        const sliced = await under(
            'slicer', {average_size: 100, size_variation: 0, delay: 20000}, 'y'.repeat(400));
        assert.equal(sliced.got, 'y'.repeat(400));
        assert.ok(sliced.times.length >= 2 && sliced.ms >= 40, JSON.stringify(sliced));
    },

    async 'reset enables all proxies and removes all toxics'() {
        const [one, two] = [await client.get('one'), await client.get('two')];
        await two.update({enabled: false});
        await one.addToxic(toxicBody('timeout', {timeout: 0}));
        await client.reset();
        await refused(one.getToxic('timeout_downstream'), 404);
        await echoes(await client.get('one'), 'reset');
        await echoes(await client.get('two'), 'enabled again');
    },

    async 'a removed proxy is gone, and its port closed'() {
        for (const proxy of Object.values(await client.getAll())) {
            assert.equal(await proxy.remove(), undefined);
            assert.equal((await exchange(proxy.listen, 'x')).how, 'ECONNREFUSED');
            await refused(proxy.remove(), 404);
        }
        assert.deepEqual(await client.getAll(), {});
    },

    async 'every method was called'() {
        assert.deepEqual(offered.map(([, , label]) => label).filter(label => !called.has(label)),
                         []);
    },

    async 'SIGTERM ends the server within two seconds'() {
        const {code, signal, ms} = await server.stop();
        assert.deepEqual([code, signal], [0, null]);
        assert.ok(ms < 2000, `it took ${ms} ms`);
    },
};

let failed = 0;
for (const [name, step] of Object.entries(steps)) {
    try {
        await step();
        console.log(`ok    ${name}`);
    } catch (error) {
        failed += 1;
        console.log(`FAIL  ${name}\n${error.stack}`);
    }
}
echo.close();
await server.stop();
console.log(`${Object.keys(steps).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
