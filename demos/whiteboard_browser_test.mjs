// Draws on the whiteboard in a real browser: node demos/whiteboard_browser_test.mjs
//
// It builds the server, runs it on a free port with a folder of its own, and
// opens pages in the Chromium that the environment variable CHROMIUM names.
// Every page has a wire of its own to the server, which is cut and held.
// The tests are scenes of one story: after one has failed the rest are skipped.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { crowd, measure } from './browser/crowd.mjs';
import { Story } from './browser/story.mjs';
import { Visitor } from './browser/visitor.mjs';

const DESK = { width: 1280, height: 800 };
const CROWDED = 2_000; // shapes

const ada = new Visitor('Ada', DESK);
const bob = new Visitor('Bob', DESK);
const story = new Story([ada, bob]);
const scene = story.scene.bind(story);

/** Opens a board and says one's name. */
async function arrives(who, room = 'plan') {
  await who.arrive(story.browser, story.server.port, `/whiteboard/?room=${room}`);
  await loads(who);
  await who.page.click('#me');
  await who.page.fill('#your-name', who.name);
  await who.page.press('#your-name', 'Enter');
}

async function loads(who) {
  await who.until(() => window.__board?.board.loaded && document.getElementById('line-text').textContent === 'Saved');
}

/** Waits until the server has all that a page has changed. */
async function saved(...pages) {
  for (const who of pages) await who.until(() => window.__board.board.status === 'online' && window.__board.board.pending === 0);
}

/** Drags the pointer along some points of the screen; the button stays down unless release is true. */
async function drags(who, points, release = true) {
  const [[x, y], ...rest] = points;
  await who.page.mouse.move(x, y);
  await who.page.mouse.down();
  for (const [x, y] of rest) await who.page.mouse.move(x, y, { steps: 6 });
  if (release) await who.page.mouse.up();
}

const press = (who, key) => who.page.keyboard.press(key);

/** Draws a box with a tool, by its key. */
async function draws(who, key, from, to) {
  await press(who, key);
  await drags(who, [from, to]);
}

/** All shapes of a page, the same for the same board. */
function shapes(who) {
  return who.page.evaluate(() => [...window.__board.board.shapes.values()]
    .map(({ id, kind, geo: { x, y, w, h, r }, style, props, text, parent, index, locked }) => JSON.stringify({ id, kind, geo: { x, y, w, h, r }, style, props, text, parent, index, locked }))
    .sort());
}

/** Waits until a shape of a kind with some words is where it should be; returns its ID. */
async function sees(who, kind, { text = '', x, y, gone = false } = {}) {
  const found = ([kind, text, x, y, gone]) => {
    const near = (a, b) => b === undefined || b === null || Math.abs(a - b) < 1.5;
    const all = [...window.__board.board.shapes.values()];
    const shape = all.find((s) => s.kind === kind && s.text === text && near(s.geo.x, x) && near(s.geo.y, y));
    return gone ? shape === undefined : shape?.id;
  };
  const arg = [kind, text, x, y, gone];
  await who.until(found, arg);
  return who.page.evaluate(found, arg);
}

/** Where a shape is on a page's screen, or is on its way to. */
function shown(who, id) {
  return who.page.evaluate((id) => {
    const { desk, board } = window.__board;
    const { geo } = board.shapes.get(id);
    return desk.camera.toScreen({ x: geo.x + geo.w / 2, y: geo.y + geo.h / 2 });
  }, id);
}

/** The IDs from the back to the front, of some shapes. */
function stacked(who, ids) {
  return who.page.evaluate((ids) => window.__board.desk.scene.order.map((i) => i.shape.id).filter((id) => ids.includes(id)), ids);
}

/** Waits until both pages show the same shapes, with nothing under way. */
async function agree() {
  await saved(ada, bob);
  const hers = await shapes(ada);
  await bob.until(([hers]) => {
    const his = [...window.__board.board.shapes.values()]
      .map(({ id, kind, geo: { x, y, w, h, r }, style, props, text, parent, index, locked }) => JSON.stringify({ id, kind, geo: { x, y, w, h, r }, style, props, text, parent, index, locked }))
      .sort();
    return his.join('\n') === hers.join('\n');
  }, [hers]);
}

async function goesOffline(who) {
  who.wire.cut();
  await who.until(() => document.getElementById('line').className === 'chip lost');
}

async function comesBack(who) {
  who.wire.mend();
  await who.page.evaluate(() => dispatchEvent(new Event('online'))); // as the browser says when the network is back
  await saved(who);
}

const ids = {};

scene('two come to an empty board and see each other', async () => {
  await arrives(ada);
  assert.equal(await ada.page.isVisible('#empty'), true);
  await arrives(bob);
  for (const [who, other] of [[ada, 'Bob'], [bob, 'Ada']]) {
    await who.page.waitForSelector(`.avatar[title="Follow ${other}"]`);
    await who.page.waitForSelector(`.cursor:has-text("${other}")`, { state: 'attached' });
  }
});

scene('what one draws the other sees, before it is finished', async () => {
  await press(ada, 'r');
  await drags(ada, [[320, 200], [420, 280]], false);
  const half = await sees(bob, 'rect', { x: 320, y: 200 });
  await bob.until((id) => window.__board.board.drags.has(id), half);
  await ada.page.mouse.move(520, 320, { steps: 6 });
  await ada.page.mouse.up();
  ids.rect = half;
  await bob.until((id) => !window.__board.board.drags.has(id) && window.__board.board.shapes.get(id).geo.w === 200, half);
  await draws(ada, 'o', [640, 180], [820, 320]);
  ids.ellipse = await sees(bob, 'ellipse', { x: 640, y: 180 });
  await draws(bob, 'a', [530, 260], [630, 250]);
  ids.arrow = await sees(ada, 'arrow');
  await agree();
});

scene('a stroke is smooth, and seen while it is drawn', async () => {
  const wave = Array.from({ length: 40 }, (_, i) => [320 + i * 10, 480 + Math.round(Math.sin(i / 4) * 50)]);
  await press(ada, 'p');
  await drags(ada, wave, false);
  await bob.until(() => window.__board.page.people.drafts.some((d) => d.points.length > 10));
  await ada.page.mouse.up();
  ids.pen = await sees(bob, 'pen');
  const count = await bob.page.evaluate((id) => window.__board.board.shapes.get(id).props.points.length / 2, ids.pen);
  assert.ok(count > 10 && count < 200, `the stroke has ${count} points`);
  await bob.until(() => window.__board.page.people.drafts.length === 0);
  await agree();
});

scene('words come as they are typed, and two who type do not lose any', async () => {
  await press(ada, 'n');
  await ada.page.mouse.click(1000, 300);
  await ada.page.keyboard.type('Ask the team');
  ids.note = await sees(bob, 'note', { text: 'Ask the team' });
  await bob.page.mouse.dblclick(1000, 250);
  await bob.page.waitForSelector('#editor:not([hidden])');
  await press(bob, 'Control+Home');
  await bob.page.keyboard.type('Today: ');
  await ada.until(() => document.getElementById('editor').value === 'Today: Ask the team');
  await press(ada, 'Control+End');
  await ada.page.keyboard.type(' again');
  await sees(bob, 'note', { text: 'Today: Ask the team again' });
  for (const who of [ada, bob]) await press(who, 'Escape');
  await ada.page.mouse.dblclick(420, 260); // the middle of the rectangle
  await ada.page.keyboard.type('Order');
  await press(ada, 'Escape');
  await sees(bob, 'rect', { text: 'Order' });
  await agree();
});

scene('a shape is seen moving before it is released, smoothly', async () => {
  await press(ada, 'Escape');
  await bob.page.evaluate((id) => {
    window.path = [];
    const frame = () => {
      const item = window.__board.desk.scene.items.get(id);
      if (item && item.geo.x !== window.path.at(-1)) window.path.push(item.geo.x);
      requestAnimationFrame(frame);
    };
    frame();
  }, ids.rect);
  const to = Array.from({ length: 30 }, (_, i) => [330 + i * 5, 210 + i * 2]);
  await drags(ada, [[322, 220], ...to], false);
  await sees(bob, 'rect', { text: 'Order', x: 473, y: 248 });
  await ada.page.mouse.up();
  await bob.until((id) => !window.__board.board.drags.has(id), ids.rect);
  await bob.until((id) => window.__board.desk.scene.items.get(id).geo === window.__board.board.shapes.get(id).geo, ids.rect);
  const between = await bob.page.evaluate(() => window.path.filter((x) => x > 321 && x < 472).length);
  assert.ok(between > 3, `Bob saw ${between} positions on the way`);
  await agree();
});

scene('each undoes only their own', async () => {
  await press(bob, 'Escape');
  await draws(bob, 'o', [900, 500], [1000, 580]);
  await sees(ada, 'ellipse', { x: 900, y: 500 });
  await press(ada, 'Control+z'); // Ada's move, though Bob's ellipse is newer
  await sees(bob, 'rect', { text: 'Order', x: 320, y: 200 });
  await sees(bob, 'ellipse', { x: 900, y: 500 });
  await press(bob, 'Control+z');
  await sees(ada, 'ellipse', { x: 900, y: 500, gone: true });
  await press(ada, 'Control+Shift+z');
  await sees(bob, 'rect', { text: 'Order', x: 473, y: 248 });
  await press(bob, 'Control+Shift+z');
  await sees(ada, 'ellipse', { x: 900, y: 500 });
  await press(bob, 'Control+z');
  await agree();
});

scene('groups move together, come apart, and shapes change places', async () => {
  await ada.page.evaluate((chosen) => window.__board.desk.selection.set(chosen), [ids.ellipse, ids.pen]);
  await press(ada, 'Control+g');
  const group = await sees(bob, 'group');
  const [ellipse, pen] = [await shown(bob, ids.ellipse), await shown(bob, ids.pen)];
  await bob.page.mouse.click(730, 181); // the ellipse's line
  await bob.until((id) => window.__board.desk.selection.has(id), group);
  await drags(bob, [[730, 181], [780, 221]]);
  await sees(ada, 'ellipse', { x: 690, y: 220 });
  await agree();
  const [after, stroke] = [await shown(ada, ids.ellipse), await shown(ada, ids.pen)];
  assert.deepEqual([after.x - ellipse.x, after.y - ellipse.y].map(Math.round), [50, 40]);
  assert.deepEqual([stroke.x - pen.x, stroke.y - pen.y].map(Math.round), [50, 40]);
  await press(bob, 'Control+Shift+g');
  await sees(ada, 'group', { gone: true });
  await press(bob, 'Escape');

  const pair = [ids.rect, ids.note];
  const before = await stacked(bob, pair);
  await ada.page.evaluate((id) => window.__board.desk.selection.set([id]), before[0]);
  await press(ada, ']');
  await bob.until(([first, other]) => {
    const order = window.__board.desk.scene.order.map((i) => i.shape.id);
    return order.indexOf(first) > order.indexOf(other);
  }, before);
  await agree();
});

scene('resizing, turning, duplicating and locking', async () => {
  await ada.page.evaluate((id) => window.__board.desk.selection.set([id]), ids.rect);
  await drags(ada, [[673, 368], [700, 420]]); // its lower right corner
  await bob.until((id) => Math.abs(window.__board.board.shapes.get(id).geo.w - 227) < 1.5, ids.rect);
  const top = await ada.page.evaluate((id) => window.__board.board.shapes.get(id).geo, ids.rect);
  await drags(ada, [[top.x + top.w / 2, top.y - 26], [top.x + top.w + 90, top.y + top.h / 2]]);
  await bob.until((id) => Math.abs(window.__board.board.shapes.get(id).geo.r - Math.PI / 2) < 0.2, ids.rect);
  await press(ada, 'Control+z');
  await bob.until((id) => window.__board.board.shapes.get(id).geo.r === 0, ids.rect);
  await press(ada, 'Control+d');
  await bob.until(() => [...window.__board.board.shapes.values()].filter((s) => s.text === 'Order').length === 2);
  await press(ada, 'Delete');
  await bob.until(() => [...window.__board.board.shapes.values()].filter((s) => s.text === 'Order').length === 1);
  await ada.page.evaluate((id) => window.__board.desk.selection.set([id]), ids.note);
  await press(ada, 'Control+Shift+L');
  await bob.until((id) => window.__board.board.shapes.get(id).locked, ids.note);
  const { x } = await shown(bob, ids.note);
  await drags(bob, [[1000, 250], [1100, 350]]);
  assert.equal((await shown(bob, ids.note)).x, x);
  await press(ada, 'Control+Shift+L');
  await bob.until((id) => !window.__board.board.shapes.get(id).locked, ids.note);
  await agree();
});

scene('copied shapes are pasted, and images come by address', async () => {
  await ada.page.evaluate((id) => window.__board.desk.selection.set([id]), ids.ellipse);
  await ada.page.evaluate(() => {
    const clipboard = new DataTransfer();
    dispatchEvent(new ClipboardEvent('copy', { clipboardData: clipboard, bubbles: true, cancelable: true }));
    dispatchEvent(new ClipboardEvent('paste', { clipboardData: clipboard, bubbles: true, cancelable: true }));
  });
  await bob.until(() => [...window.__board.board.shapes.values()].filter((s) => s.kind === 'ellipse').length === 2);
  await press(ada, 'Delete');
  await press(ada, 'i');
  await ada.page.fill('#image-address', 'javascript:alert(1)');
  await ada.page.press('#image-address', 'Enter');
  await ada.until(() => document.getElementById('image-error').textContent.includes('begins with https://'));
  const flag = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="120" height="80" fill="#0c8c83"/><circle cx="60" cy="40" r="24" fill="#ffe484"/></svg>')}`;
  await ada.page.fill('#image-address', flag);
  await ada.page.press('#image-address', 'Enter');
  ids.image = await sees(bob, 'image');
  await bob.until((src) => window.__board.desk.images.isOpen(src), flag);
  await agree();
});

scene('one follows the other by a click on the avatar, and sees the laser pointer', async () => {
  await bob.page.click('.avatar[title="Follow Ada"]');
  await bob.page.waitForSelector('#following:has-text("Following Ada")');
  await ada.page.mouse.move(400, 300);
  await ada.page.mouse.wheel(0, -240);
  await ada.until(() => window.__board.desk.camera.zoom > 1.2);
  const view = await ada.page.evaluate(() => window.__board.desk.camera.view);
  await bob.until((view) => {
    const mine = window.__board.desk.camera.view;
    return Object.keys(view).every((key) => Math.abs(mine[key] - view[key]) < 4);
  }, view);
  await press(ada, 'k');
  await drags(ada, [[500, 300], [700, 400], [800, 300]], false);
  await bob.until(() => window.__board.page.people.trails.some((t) => t.points.length > 4));
  await ada.page.mouse.up();
  await press(ada, 'v');
  await press(bob, 'Escape');
  await bob.page.waitForSelector('#following', { state: 'hidden' });
  for (const who of [ada, bob]) {
    await who.page.evaluate(() => {
      const { camera } = window.__board.desk;
      camera.zoomAt({ x: 0, y: 0 }, 1);
      camera.pan(camera.x, camera.y);
    });
  }
});

scene('one goes offline, both draw, and both agree afterwards', async () => {
  await goesOffline(bob);
  await draws(bob, 'r', [900, 480], [1100, 600]);
  await press(bob, 'n');
  await bob.page.mouse.click(300, 620);
  await bob.page.keyboard.type('Thought of in a tunnel');
  await press(bob, 'Escape');
  await bob.until(() => /^Offline, \d+ changes waiting$/.test(document.getElementById('line-text').textContent));
  await draws(ada, 'o', [560, 560], [700, 660]);
  await ada.page.evaluate((id) => window.__board.desk.selection.set([id]), ids.rect);
  await press(ada, 'Shift+ArrowDown');
  await saved(ada);
  await comesBack(bob);
  await sees(ada, 'note', { text: 'Thought of in a tunnel' });
  await sees(ada, 'rect', { x: 900, y: 480 });
  await sees(bob, 'ellipse', { x: 560, y: 560 });
  await agree();
});

scene('a page that is loaded anew while it is offline has its drawing still', async () => {
  await bob.until(() => navigator.serviceWorker.controller !== null);
  await goesOffline(bob);
  await draws(bob, 'r', [1120, 480], [1220, 560]);
  await bob.until(() => window.__board.board.pending > 0);
  await bob.keeps((value) => JSON.stringify(value?.content?.args ?? '').includes('1120'));
  await bob.page.reload();
  await bob.until(() => window.__board?.board.loaded && window.__board.board.pending > 0);
  await sees(bob, 'rect', { x: 1120, y: 480 });
  await comesBack(bob);
  await sees(ada, 'rect', { x: 1120, y: 480 });
  await agree();
});

scene('a reload keeps everything', async () => {
  const before = await shapes(ada);
  assert.ok(before.length >= 9);
  await ada.page.reload();
  await loads(ada);
  assert.deepEqual(await shapes(ada), before);
});

scene('the board is exported as PNG and as SVG', async () => {
  const exported = async (format) => {
    await ada.page.click('#show-menu');
    const [download] = await Promise.all([ada.page.waitForEvent('download'), ada.page.click(`[data-does=${format}]`)]);
    return readFileSync(await download.path());
  };
  const png = await exported('png');
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  assert.ok(png.length > 10_000);
  const svg = (await exported('svg')).toString();
  for (const part of ['<path', '<ellipse', '<image', 'Order', 'tunnel']) assert.ok(svg.includes(part), `the SVG has no ${part}`);
  const fault = await ada.page.evaluate((svg) => new DOMParser().parseFromString(svg, 'image/svg+xml').querySelector('parsererror')?.textContent, svg);
  assert.equal(fault, undefined);
});

scene('a version is kept, and brought back', async () => {
  await ada.page.click('#show-menu');
  await ada.page.click('[data-does=history]');
  await ada.page.fill('#version-name', 'Before the flood');
  await ada.page.press('#version-name', 'Enter');
  await ada.page.waitForSelector('#versions b:has-text("Before the flood")');
  await press(ada, 'Escape');
  const before = (await shapes(ada)).length;
  await press(bob, 'Control+a');
  await press(bob, 'Delete');
  await ada.until(() => window.__board.board.shapes.size === 0);
  await ada.page.click('#show-menu');
  await ada.page.click('[data-does=history]');
  await ada.page.click('#versions button');
  for (const who of [ada, bob]) await who.until((n) => window.__board.board.shapes.size === n, before);
  await agree();
});

scene(`${CROWDED} shapes stay smooth`, async (t) => {
  await ada.page.evaluate(() => location.assign('?room=crowded'));
  await loads(ada);
  await ada.page.evaluate(crowd, CROWDED);
  await ada.until((n) => window.__board.board.shapes.size === n && window.__board.board.pending === 0, CROWDED);
  for (const how of ['pan', 'drag']) {
    for (const zoom of [1, 0.15]) {
      const { frames, work, gap } = await ada.page.evaluate(measure, { how, zoom });
      t.diagnostic(`${how} at ${zoom * 100}%: ${frames} frames, script ${work.p50} ms, 95 of 100 in ${work.p95} ms; between frames ${gap.p50} ms, ${gap.p95} ms`);
      assert.ok(frames > 60);
    }
  }
  await ada.page.goBack();
  await loads(ada);
});

scene('the server ends in order', async () => {
  await story.browser.close();
  assert.equal(await story.server.stop(), 0, story.server.log);
  assert.doesNotMatch(story.server.log, /panic| ERR /);
});
