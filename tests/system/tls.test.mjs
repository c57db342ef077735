// TLS served by the server itself: requests, WebSockets, large bodies, a renewed certificate.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import WebSocket from 'ws';
import { dataDirectory, startServer, waitFor } from './harness.mjs';

const directory = dataDirectory();
const certificate = join(directory, 'certificate.pem');
const key = join(directory, 'key.pem');

/** A new certificate of this name, signed by itself. */
function makeCertificate(name) {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
}

let server;
let agent;
before(async () => {
  makeCertificate('first');
  server = await startServer({
    args: [`--tls.certificate=${certificate}`, `--tls.key=${key}`, '--tls.redirect-listen=127.0.0.1:0'],
  });
  agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
});
after(async () => {
  agent?.destroy();
  await server?.stop();
});

function ask(method, path, body, { headers = {}, ...more } = {}) {
  return new Promise((resolve, reject) => {
    const asked = https.request(
      { host: '127.0.0.1', port: server.port, method, path, headers, agent, rejectUnauthorized: false, ...more },
      (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(parts) }));
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The name in the certificate that a new connection is shown. */
const shownName = () =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.on('error', reject);
  });

describe('TLS', () => {
  test('the server says https, answers by it, and tells browsers to stay with it', async () => {
    assert.match(server.url, /^https:/);
    const answer = await ask('GET', '/health');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['strict-transport-security'], 'max-age=15552000');
  });

  test('bodies of megabytes go in and come out whole, many on one connection', async () => {
    const room = JSON.parse((await ask('POST', '/api/v1/rooms', '{}', { headers: { 'content-type': 'application/json' } })).bytes);
    for (const size of [1, 16_383, 16_384, 16_385, 100_000, 4_000_000]) {
      const content = Buffer.alloc(size, 'abcdefghij\n');
      const path = `/api/v1/rooms/${room.id}/files/large.bin`;
      const written = await ask('PUT', path, content, { headers: { 'content-type': 'application/octet-stream' } });
      assert.ok(written.status === 200 || written.status === 201, `${size}: ${written.bytes}`);
      assert.ok((await ask('GET', path)).bytes.equals(content), `${size} bytes`);
    }
  });

  test('a body that is refused early still gets its answer', async () => {
    const answer = await ask('POST', '/api/v1/rooms', Buffer.alloc(20 << 20, ' '), {
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(answer.status, 413);
  });

  test('WebSockets carry small and large frames in both directions', async () => {
    const room = JSON.parse((await ask('POST', '/api/v1/rooms', '{}', { headers: { 'content-type': 'application/json' } })).bytes);
    const socket = new WebSocket(`${server.url.replace('https', 'wss')}/ws/rooms/${room.id}?name=Ada`, 'coterie.v1', {
      rejectUnauthorized: false,
    });
    const frames = [];
    socket.on('message', (data) => frames.push(JSON.parse(data)));
    await waitFor('the welcome', () => frames.some((frame) => frame.type === 'welcome'));
    for (let i = 0; i < 200; i += 1) socket.send(JSON.stringify({ type: 'ping', id: `p${i}` }));
    await waitFor('all pongs', () => frames.filter((frame) => frame.type === 'pong').length === 200);
    const text = 'x'.repeat(7_000);
    socket.send(JSON.stringify({ type: 'post_chat', id: 'c', text }));
    await waitFor('the message', () => frames.some((f) => f.type === 'chat_posted' && f.message.text === text));
    socket.close();
  });

  test('TLS 1.1 and plain HTTP are refused, and nothing else suffers', async () => {
    await assert.rejects(ask('GET', '/health', undefined, { agent: false, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
    await assert.rejects(fetch(server.url.replace('https', 'http') + '/health'));
    assert.equal((await ask('GET', '/health')).status, 200);
  });

  test('plain HTTP is sent to https where that is configured', async () => {
    const port = /redirect_port=(\d+)/.exec(server.log)[1];
    const moved = await fetch(`http://127.0.0.1:${port}/rooms/a%20b?x=1`, { redirect: 'manual' });
    assert.equal(moved.status, 308);
    assert.equal(moved.headers.get('location'), `https://127.0.0.1:${server.port}/rooms/a%20b?x=1`);
    const posted = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'x', redirect: 'manual' });
    assert.equal(posted.status, 308);
  });

  test('SIGHUP brings a renewed certificate, and a broken one changes nothing', async () => {
    assert.equal(await shownName(), 'first');
    makeCertificate('second');
    server.child.kill('SIGHUP');
    await waitFor('the new certificate', async () => (await shownName()) === 'second');
    writeFileSync(certificate, 'nonsense');
    server.child.kill('SIGHUP');
    await waitFor('the complaint', () => server.log.includes('the old certificate stays in use'));
    assert.equal(await shownName(), 'second');
    assert.equal((await ask('GET', '/health')).status, 200);
  });
});

test('a certificate without its key, or with another one, is refused at the start', async () => {
  makeCertificate('third');
  const otherKey = join(directory, 'other.pem');
  execFileSync('openssl', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', otherKey]);
  for (const args of [[`--tls.certificate=${certificate}`], [`--tls.certificate=${certificate}`, `--tls.key=${otherKey}`]])
    await assert.rejects(startServer({ args }), /tls\.key/);
});
