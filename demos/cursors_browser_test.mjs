// Points at a page in a real browser: node demos/cursors_browser_test.mjs
//
// It builds the server, runs it on a free port with a folder of its own, and
// opens pages in the Chromium that the environment variable CHROMIUM names.
// The tests are scenes of one story: after one has failed the rest are skipped.
import assert from 'node:assert/strict';
import { Story } from './browser/story.mjs';
import { Visitor } from './browser/visitor.mjs';

const DESK = { width: 1180, height: 760 };

const ada = new Visitor('Ada', DESK);
const bob = new Visitor('Bob', { width: 390, height: 780 });
const story = new Story([ada, bob]);
const scene = story.scene.bind(story);

async function arrives(who) {
  await who.arrive(story.browser, story.server.port, '/cursors/?room=test');
  await online(who);
}

function online(who) {
  return who.until(() => document.getElementById('line-text').textContent === 'Online');
}

async function isCalled(who, name) {
  await who.page.click('#me');
  await who.page.fill('#your-name', name);
  await who.page.press('#your-name', 'Enter');
}

/** Moves the pointer to a part of the stage. */
async function points(who, x, y) {
  const box = await who.page.locator('#stage').boundingBox();
  await who.page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 5 });
}

/** Waits until a page draws a cursor with a name at a part of its stage, which has another size. */
function sees(who, name, x, y) {
  return who.until(([name, x, y]) => {
    const { room, pointers } = window.__cursors;
    const member = room.others.find(({ state }) => state.Name === name && !state.Away);
    const at = member && pointers.drawn(member.number);
    return at !== undefined && Math.hypot(at.x - x, at.y - y) < 0.02;
  }, [name, x, y]);
}

const names = (who) => who.page.$$eval('#here-list .name', (all) => all.map((e) => e.textContent));

scene('newcomers have readable names, and choose their own', async () => {
  await arrives(ada);
  await arrives(bob);
  assert.match((await names(bob))[0], /^[A-Z][a-z]+ [A-Z][a-z]+$/);
  await isCalled(ada, 'Ada');
  await isCalled(bob, 'Bob');
  await ada.until(() => document.getElementById('here-list').textContent.includes('Bob'));
  assert.deepEqual(await names(ada), ['Ada', 'Bob']);
  assert.equal(await ada.page.textContent('#here-count'), '2 people, 2 cursors');
});

scene('a cursor is where its owner points, on a page of any size', async () => {
  for (const [x, y] of [[0.25, 0.3], [0.6, 0.7]]) {
    await points(ada, x, y);
    await sees(bob, 'Ada', x, y);
  }
  await points(bob, 0.4, 0.5);
  await sees(ada, 'Bob', 0.4, 0.5);
});

scene('what one says and calls out is seen at one’s cursor', async () => {
  await ada.page.keyboard.press('/');
  await ada.page.keyboard.type('Look at this!');
  await bob.page.waitForSelector('.cursor.says .tag span:text-is("Look at this!")');
  await ada.page.keyboard.press('Escape');
  await bob.until(() => document.querySelector('.cursor.says') === null);
  const flew = bob.page.waitForSelector('.emote');
  await ada.page.keyboard.press('2');
  await flew;
  await ada.page.waitForSelector('.emote');
});

scene('two tabs are two cursors of one person', async () => {
  const tab = await ada.page.context().newPage();
  await tab.goto(ada.page.url());
  await bob.until(() => document.getElementById('here-count').textContent === '2 people, 3 cursors');
  assert.match(await bob.page.textContent('#here-list li:has-text("Ada") i'), /2 tabs/);
  await tab.close();
  await bob.until(() => document.getElementById('here-count').textContent === '2 people, 2 cursors');
});

scene('a circle is among itself', async () => {
  const enter = async (who, word) => {
    await who.page.click('#circle-open');
    await who.page.fill('#circle-input', word);
    await who.page.press('#circle-input', 'Enter');
  };
  await enter(ada, 'owls');
  await bob.until(() => window.__cursors.room.others.length === 0);
  await enter(bob, 'Owls');
  await points(ada, 0.3, 0.6);
  await sees(bob, 'Ada', 0.3, 0.6);
  await ada.page.click('#circle-leave');
  await bob.page.click('#circle-open');
  await points(ada, 0.5, 0.4);
  await sees(bob, 'Ada', 0.5, 0.4);
  assert.equal(await bob.page.isVisible('#circle'), false);
});

scene('one goes offline, is gone for the others, and comes back as before', async () => {
  bob.wire.cut();
  await bob.until(() => document.getElementById('line').className === 'chip lost');
  await ada.until(() => window.__cursors.room.others.length === 0);
  await points(ada, 0.8, 0.2);
  await points(bob, 0.2, 0.8);
  bob.wire.mend();
  await bob.page.evaluate(() => dispatchEvent(new Event('online')));
  await online(bob);
  await sees(ada, 'Bob', 0.2, 0.8);
  await sees(bob, 'Ada', 0.8, 0.2);
});
