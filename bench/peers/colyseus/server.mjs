// The walkers workload as a Colyseus user would write it: the default patch
// rate of 50 ms and a simulation interval of 50 ms. It prints its address.
import http from 'node:http';
import net from 'node:net';
import { Room, Server } from '@colyseus/core';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { schema, t } from '@colyseus/schema';

const side = 1000;
const speed = 5;
const period = 50;

const Walker = schema({
  id: t.uint32(), x: t.float32(), y: t.float32(), vx: t.float32(), vy: t.float32(),
  hp: t.uint16(), score: t.int32(), name: t.string(), ack: t.uint32(),
}, 'Walker');
const World = schema({ players: t.map(Walker) }, 'World');

const wrap = (v) => (v + side) % side;

class Walkers extends Room {
  onCreate() {
    this.maxClients = side;
    this.seatReservationTime = 120;
    this.patchRate = period;
    this.state = new World();
    this.come = 0;
    this.ticks = 0;
    this.onMessage('i', (client, m) => {
      const p = client.userData;
      p.vx = m.x * speed;
      p.vy = m.y * speed;
      p.ack = m.s;
    });
    this.setSimulationInterval(() => this.step(), period);
  }

  onJoin(client) {
    const p = new Walker();
    Object.assign(p, {
      id: this.come++, x: Math.random() * side, y: Math.random() * side,
      vx: 0, vy: 0, hp: 100, score: 0, ack: 0,
    });
    p.name = `player${p.id}`;
    client.userData = p;
    this.state.players.set(client.sessionId, p);
  }

  onLeave(client) {
    this.state.players.delete(client.sessionId);
  }

  step() {
    this.ticks++;
    const dt = period / 1000;
    this.state.players.forEach((p) => {
      if (p.vx !== 0 || p.vy !== 0) {
        p.x = wrap(p.x + p.vx * dt);
        p.y = wrap(p.y + p.vy * dt);
      }
      if ((this.ticks + p.id) % 20 === 0) {
        p.hp = p.hp > 1 ? p.hp - 1 : 100;
        p.score += 10;
      }
    });
  }
}

// Colyseus wants a port number: take one that is free.
const freePort = () => new Promise((resolve) => {
  const probe = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

const port = await freePort();
const server = new Server({ greet: false, transport: new WebSocketTransport({ server: http.createServer() }) });
server.define('walkers', Walkers);
await server.listen(port, '127.0.0.1');
console.log(`127.0.0.1:${port}`);
