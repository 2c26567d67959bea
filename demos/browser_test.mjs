// Plays the demos in a real browser: node demos/browser_test.mjs
//
// It builds the server, runs it on a free port with a folder of its own, and
// opens pages in the Chromium that the environment variable CHROMIUM names.
// Every page has a wire of its own to the server, which is cut and held.
// The tests are scenes of one story: after one has failed the rest are skipped.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Story } from './browser/story.mjs';
import { Visitor } from './browser/visitor.mjs';

const FIELD = JSON.parse(readFileSync(new URL('arena/web/field.json', import.meta.url), 'utf8'));

const ada = new Visitor('Ada');
const bob = new Visitor('Bob');
const walt = new Visitor('Walt');
const story = new Story([ada, bob, walt]);
const scene = story.scene.bind(story);

/** The key that leads where there is more room, to the left or to the right. */
function roomyKey({ X, Y }) {
  const free = (x) => FIELD.walls.every(([wx, wy, w, h]) => Math.hypot(x - clamp(x, wx, wx + w), Y - clamp(Y, wy, wy + h)) >= FIELD.radius);
  const metres = (step) => {
    let x = X;
    while (x > FIELD.radius && x < FIELD.width - FIELD.radius && free(x + step)) x += step;
    return Math.abs(x - X);
  };
  return metres(0.1) > metres(-0.1) ? 'KeyD' : 'KeyA';
}

function clamp(v, lo, hi) {
  return Math.min(Math.max(v, lo), hi);
}

/** Walks a metre, which the other sees. */
async function walks(who, other) {
  const { row, x } = await other.sees(who.id);
  const key = roomyKey(row);
  await who.page.keyboard.down(key);
  await other.until(([id, rowX, x]) => {
    const drawn = window.__parlor.players().find((f) => f.id === id);
    return Math.abs(window.__parlor.state.Players.get(id).X - rowX) > 1 && Math.abs(drawn.x - x) > 1;
  }, [who.id, row.X, x]);
  await who.page.keyboard.up(key);
  await stands(who, other);
}

/** Waits until somebody stands still, and both pages agree with the server on where. */
async function stands(who, other) {
  await who.until((id) => {
    const row = window.__parlor.state.Players.get(id);
    const drawn = window.__parlor.players().find((f) => f.id === id);
    const at = `${row.X} ${row.Y} ${drawn.x} ${drawn.y}`;
    window.still = window.stoodAt === at ? window.still + 1 : 0; // frames
    window.stoodAt = at;
    return window.still > 10 && Math.hypot(row.X - drawn.x, row.Y - drawn.y) < 0.02;
  }, who.id);
  const { row } = await who.sees(who.id);
  await other.until(([id, x, y]) => {
    const drawn = window.__parlor.players().find((f) => f.id === id);
    return Math.hypot(x - drawn.x, y - drawn.y) < 0.02;
  }, [who.id, row.X, row.Y]);
}

/** Checks that Ada is the fighter that she was before, on both pages. */
async function isSeatedAgain(was) {
  await ada.until(() => window.__parlor?.room.status === 'joined' && window.__parlor.state.Players.get(window.__parlor.me)?.Ammo > 0);
  await ada.until(() => document.getElementById('link').className === 'chip' && /^\d+ ms$/.test(document.getElementById('link-text').textContent));
  for (const who of [ada, bob]) await who.until((id) => window.__parlor.players().find((f) => f.id === id).away === false, ada.id);
  const { me, seats } = await ada.page.evaluate(() => ({ me: window.__parlor.me, seats: window.__parlor.state.Players.size }));
  assert.equal(me, ada.id, 'the player has another ID');
  assert.equal(seats, 2, 'the old seat is still there');
  const { row } = await ada.sees(ada.id);
  for (const name of ['Name', 'X', 'Y', 'HP', 'Kills', 'Deaths']) assert.equal(row[name], was.row[name], name);
  assert.ok(row.Ammo <= was.row.Ammo, `the gun was loaded anew: ${was.row.Ammo} bullets before, ${row.Ammo} after`);
  assert.deepEqual((await ada.scores()).map(([, name]) => name).sort(), ['Ada', 'Bob']);
}

scene('the first page lists the demos and nobody in them', async () => {
  await bob.arrive(story.browser, story.server.port, '/');
  for (const kind of ['arena', 'walkers']) {
    await bob.page.waitForSelector(`a.demo[href="${kind}/"] h2`);
    await bob.until((kind) => document.querySelector(`.live[data-kind=${kind}]`).textContent === 'Nobody is there yet', kind);
  }
  assert.equal(await bob.page.isVisible('#rooms'), false);
});

scene('a player counts on the first page, and is joined from there', async () => {
  await ada.arrive(story.browser, story.server.port, '/arena/?fighters=0');
  await ada.enter();
  await bob.until(() => document.querySelector('.live[data-kind=arena]').textContent === '1 player in 1 room');
  await bob.page.click('#rooms a:text("Join")');
  await bob.enter();
  assert.notEqual(ada.id, bob.id);
  const [hers, his] = await Promise.all([ada, bob].map(({ page }) => page.evaluate(() => window.__parlor.room.id)));
  assert.equal(hers, his);
});

scene('two players see each other move', async () => {
  for (const who of [ada, bob]) {
    for (const { id, name } of [ada, bob]) {
      await who.until(([id, name]) => window.__parlor.state.Players.get(id)?.Name === name && window.__parlor.players().some((f) => f.id === id), [id, name]);
    }
  }
  await walks(ada, bob);
  await walks(bob, ada);
});

scene("one's own player moves before the server knows", async () => {
  const was = await ada.sees(ada.id);
  const key = roomyKey(was.row);
  ada.wire.hold();
  await ada.page.keyboard.down(key);
  await ada.until(([id, x]) => Math.abs(window.__parlor.players().find((f) => f.id === id).x - x) > 0.5, [ada.id, was.x]);
  await ada.page.keyboard.up(key);
  assert.equal((await ada.sees(ada.id)).row.X, was.row.X, 'the server cannot have answered');
  await ada.until(() => document.getElementById('link').className === 'chip lag');
  ada.wire.release();
  await ada.until(() => document.getElementById('link').className === 'chip');
  await stands(ada, bob);
});

scene('a player whose connection breaks comes back into its seat by itself', async () => {
  await ada.page.mouse.move(440, 5);
  await ada.page.mouse.down();
  await ada.until((id) => window.__parlor.state.Players.get(id).Ammo < 38, ada.id); // a gun that tells the seat from a new one
  await ada.page.mouse.up();
  await ada.until(() => window.__parlor.state.Bullets.size === 0);
  await stands(ada, bob);
  const was = await ada.sees(ada.id);

  ada.wire.cut();
  await ada.until(() => document.getElementById('link').className === 'chip lost' && document.getElementById('link-text').textContent === 'reconnecting');
  await ada.until(() => document.getElementById('notice').textContent.includes('Connection lost'));
  await bob.until((id) => window.__parlor.players().find((f) => f.id === id).away, ada.id);
  assert.ok((await bob.scores()).some(([, name]) => name === 'Adaaway'), 'the score sheet does not say that Ada is away');
  ada.wire.mend();

  await isSeatedAgain(was);
  await walks(ada, bob);
});

scene('a player who drops its connection comes back too', async () => {
  const was = await ada.sees(ada.id);
  await ada.page.evaluate(() => {
    const { client, room } = window.__parlor;
    window.statuses = [];
    room.onStatus((status) => window.statuses.push(status));
    client.drop();
  });
  await ada.until(() => window.statuses.join() === 'reconnecting,joined');
  await isSeatedAgain(was);
  await walks(bob, ada);
});

scene('a page that is loaded anew comes back into its seat', async () => {
  const was = await ada.sees(ada.id);
  await ada.page.reload();
  await isSeatedAgain(was);
  assert.equal(await ada.page.isVisible('#door'), false);
  await walks(ada, bob);
});

scene("one's own player obeys at once over a bad network", async (t) => {
  await ada.page.keyboard.press('KeyL');
  await ada.page.fill('#lag input[name=latency]', '200');
  await ada.page.fill('#lag input[name=loss]', '5');
  await ada.until(() => window.__parlor.client.roundTrip.last >= 180);
  const was = await ada.sees(ada.id);
  const key = roomyKey(was.row);
  await ada.page.evaluate(() => {
    const drawn = () => window.__parlor.players().find((f) => f.me).x;
    const row = () => window.__parlor.state.Players.get(window.__parlor.me).X;
    window.firstStep = new Promise((resolve) => {
      const watch = () => {
        const [x, rowX] = [drawn(), row()];
        let frames = 0;
        const look = () => {
          frames++;
          if (Math.abs(drawn() - x) > 0.02) resolve({ frames, answered: row() !== rowX });
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      };
      addEventListener('keydown', watch, { once: true });
    });
  });
  await ada.page.keyboard.down(key);
  const { frames, answered } = await ada.page.evaluate(() => window.firstStep);
  t.diagnostic(`the first step was drawn in frame ${frames}`);
  assert.ok(frames <= 8, `the first step was drawn in frame ${frames} only`);
  assert.equal(answered, false, 'the page waited for the server');
  await bob.until(([id, x]) => Math.abs(window.__parlor.state.Players.get(id).X - x) > 1, [ada.id, was.row.X]);
  await ada.page.keyboard.up(key);
  await stands(ada, bob);
});

scene('a walker is drawn, and walks', async () => {
  await walt.arrive(story.browser, story.server.port, '/walkers/');
  await walt.until(() => /^1 walker, your score is \d+, \d+ ms$/.test(document.getElementById('status').textContent));
  await walt.page.evaluate(() => {
    const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    // The middle of what is white, which is oneself.
    window.myX = () => {
      const field = document.getElementById('field');
      const { width, height } = Object.assign(copy.canvas, { width: field.width, height: field.height });
      copy.drawImage(field, 0, 0);
      const pixels = new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer);
      const white = [...pixels.keys()].filter((i) => pixels[i] === 0xffffffff);
      return white.reduce((sum, i) => sum + (i % width), 0) / white.length;
    };
  });
  await walt.until(() => window.myX() > 0);
  const x = await walt.page.evaluate(() => window.myX());
  await walt.page.keyboard.down('KeyD');
  await walt.until((x) => Math.abs(window.myX() - x) > 3, x);
  await walt.page.keyboard.up('KeyD');
});

scene('the server ends in order, and its rooms replay', async (t) => {
  const { browser, server } = story;
  await browser.close();
  assert.equal(await server.stop(), 0, server.log);
  assert.doesNotMatch(server.log, /panic| ERR /);
  const { status, output } = server.replay();
  t.diagnostic(output.trim());
  assert.equal(status, 0, output);
  for (const kind of ['arena', 'walkers']) assert.match(output, new RegExp(kind), 'a room was not replayed');
});
