// Talks in a real browser: node demos/chat_browser_test.mjs
//
// It builds the server, runs it on a free port with a folder of its own, and
// opens pages in the Chromium that the environment variable CHROMIUM names.
// The tests are scenes of one story: after one has failed the rest are skipped.
import assert from 'node:assert/strict';
import { Story } from './browser/story.mjs';
import { Visitor } from './browser/visitor.mjs';

const ada = new Visitor('Ada', { width: 1180, height: 760 });
const bob = new Visitor('Bob', { width: 390, height: 780 });
const story = new Story([ada, bob]);
const scene = story.scene.bind(story);

async function arrives(who) {
  await who.arrive(story.browser, story.server.port, '/chat/?room=test');
  await online(who);
  await who.page.click('#me');
  await who.page.fill('#your-name', who.name);
  await who.page.press('#your-name', 'Enter');
}

function online(who) {
  return who.until(() => document.getElementById('line-text').textContent === 'Online');
}

async function says(who, text) {
  await who.page.fill('#text', text);
  await who.page.press('#text', 'Enter');
}

const message = (text) => `.message:has(p:text("${text}"))`;
const hears = (who, text) => who.page.waitForSelector(message(text));
const texts = (who) => who.page.evaluate(() => window.__chat.history.messages.map(({ Name, Text }) => `${Name}: ${Text}`));

scene('both see who is here', async () => {
  await arrives(ada);
  await arrives(bob);
  for (const who of [ada, bob]) await who.until(() => ['Ada', 'Bob'].every((n) => document.getElementById('here-list').textContent.includes(n)));
  assert.equal(await ada.page.textContent('#here-count'), '2 people here');
});

scene('one sees that the other is typing, and what is said', async () => {
  await bob.page.click('#text');
  await bob.page.keyboard.type('Good morn');
  await ada.until(() => document.getElementById('typing').textContent === 'Bob is typing');
  await bob.page.keyboard.type('ing');
  await bob.page.keyboard.press('Enter');
  await hears(ada, 'Good morning');
  await ada.until(() => document.getElementById('typing').textContent === '');
  await says(ada, '<b>Hello</b>\nBob'.replace('\n', ' '));
  await hears(bob, '<b>Hello</b> Bob');
  assert.deepEqual(await texts(bob), ['Bob: Good morning', 'Ada: <b>Hello</b> Bob']);
});

scene('one changes and takes back what one said, and nothing else', async () => {
  await says(ada, 'Teh train is late');
  await hears(bob, 'Teh train');
  await ada.page.press('#text', 'ArrowUp');
  await ada.page.fill('.editor textarea', 'The train is late');
  await ada.page.press('.editor textarea', 'Enter');
  await bob.page.waitForSelector(`${message('The train is late')} i:text("edited")`);
  assert.equal(await bob.page.locator(`${message('The train')} .deeds`).count(), 0);
  await ada.page.hover(message('<b>Hello'));
  await ada.page.click(`${message('<b>Hello')} .remove`);
  await bob.page.waitForSelector(message('<b>Hello'), { state: 'detached' });
});

scene('one goes offline and writes on; it comes in order, once, after a reload too', async () => {
  await bob.until(() => navigator.serviceWorker.controller !== null || (navigator.serviceWorker.ready.then(() => location.reload()), false));
  await online(bob);
  await hears(bob, 'The train is late');
  await bob.keeps((value) => value?.rows?.some(([, { Text }]) => Text === 'The train is late'));
  bob.wire.cut();
  await bob.until(() => document.getElementById('line').className === 'chip lost');
  await says(bob, 'From the tunnel, one');
  await says(bob, 'From the tunnel, two');
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, 2 waiting');
  await bob.page.waitForSelector(`${message('tunnel, one')}.waits`);
  await says(ada, 'Are you there?');
  await bob.keeps((value) => value?.content?.args?.Text === 'From the tunnel, two');
  await bob.page.reload();
  await hears(bob, 'From the tunnel, two');
  await hears(bob, 'The train is late');
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, 2 waiting');
  bob.wire.mend();
  await bob.page.evaluate(() => dispatchEvent(new Event('online')));
  await online(bob);
  const want = ['Bob: Good morning', 'Ada: The train is late', 'Ada: Are you there?', 'Bob: From the tunnel, one', 'Bob: From the tunnel, two'];
  for (const who of [ada, bob]) {
    await hears(who, 'tunnel, two');
    await who.until((n) => window.__chat.history.messages.length === n && document.querySelector('.waits') === null, want.length);
    assert.deepEqual(await texts(who), want);
  }
  await ada.until(() => document.getElementById('here-list').textContent.includes('Bob'));
});

scene('older messages come when one scrolls up, and one stays where one reads', async () => {
  await ada.page.evaluate(async () => {
    const { room } = window.__chat.history;
    for (let i = 1; i <= 180; i++) await room.call('Say', { ID: `many-${String(i).padStart(3, '0')}`, Text: `Number ${i}`, Name: 'Ada', Color: '#5ce1c6' });
  });
  await bob.page.waitForSelector(message('Number 180'));
  assert.equal(await bob.page.evaluate(() => window.__chat.history.messages.length), 100);
  const before = await bob.page.evaluate(() => {
    document.getElementById('scroll').scrollTop = 60;
    const first = document.querySelector('.message');
    return { id: first.dataset.id, y: first.getBoundingClientRect().y };
  });
  await bob.until(() => window.__chat.history.messages.length === 185);
  const moved = await bob.page.evaluate(({ id, y }) => document.querySelector(`[data-id="${id}"]`).getBoundingClientRect().y - y, before);
  assert.ok(Math.abs(moved) < 80, `what one reads moved by ${moved} px`);
  await says(ada, 'Down here');
  await bob.page.click('#down');
  await bob.page.waitForSelector('#down', { state: 'hidden' });
});
