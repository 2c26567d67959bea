// Does on yjs what bench canvas does on the server's own core: shapes are made
// and moved, each in a transaction of its own, and each transaction's update is
// taken as bytes. Prints {"creates": …, "moves": …, "applied": …}: how many a second.
import * as Y from 'yjs';

const [shapes, moves] = process.argv.slice(2).map(Number);
const doc = new Y.Doc();
doc.clientID = 1;
let bytes = 0;
const updates = [];
doc.on('update', (update) => {
  bytes += update.length;
  updates.push(update);
});
const root = doc.getMap('shapes');
const id = (i) => `shape-${i}`;
const geo = (i, n) => ({ x: (i * 37 + n) % 4000, y: (i * 91 + n) % 4000, w: 120, h: 80, r: 0 });

function perSecond(count, f) {
  const began = process.hrtime.bigint();
  for (let i = 0; i < count; i++) f(i);
  return (count / Number(process.hrtime.bigint() - began)) * 1e9;
}

const creates = perSecond(shapes, (i) => {
  doc.transact(() => {
    const shape = new Y.Map();
    shape.set('geo', geo(i, 0));
    shape.set('index', `a${i}`);
    shape.set('kind', 'rect');
    shape.set('parent', '');
    shape.set('props', { radius: 4 });
    shape.set('style', { color: 'blue', size: 'm' });
    shape.set('text', new Y.Text());
    root.set(id(i), shape);
  });
});
const moved = perSecond(moves, (i) => {
  doc.transact(() => root.get(id((i * 7919) % shapes)).set('geo', geo(i % shapes, i)));
});

// What a server does with the edits of clients: it takes each update, and has
// an update of what was new in it for the others.
const other = new Y.Doc();
let passed = 0;
other.on('update', (update) => (passed += update.length));
const applied = perSecond(updates.length, (i) => Y.applyUpdate(other, updates[i]));
if (passed === 0 || bytes === 0) throw new Error('nothing was encoded');
console.log(JSON.stringify({ creates, moves: moved, applied }));
