// Plays the bank and the arena's trophies in a real browser: node demos/bank_browser_test.mjs
//
// It builds the server, runs it on a free port with a folder of its own, and
// opens pages in the Chromium that the environment variable CHROMIUM names.
// The tests are scenes of one story: after one has failed the rest are skipped.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Hunter } from './browser/hunter.mjs';
import { Story } from './browser/story.mjs';
import { Visitor } from './browser/visitor.mjs';

const FIELD = JSON.parse(readFileSync(new URL('arena/web/field.json', import.meta.url), 'utf8'));

const ada = new Visitor('Ada');
const bob = new Visitor('Bob');
const story = new Story([ada, bob]);
const scene = story.scene.bind(story);

/** Opens the bank, and an account in it. */
async function opensAccount(who) {
  await who.arrive(story.browser, story.server.port, '/bank/');
  await who.page.waitForSelector('#open:not([hidden])');
  await who.page.fill('#open-name', who.name);
  await who.page.press('#open-name', 'Enter');
  await has(who, '1,000');
}

/** Waits until one's own balance is shown. */
function has(who, balance) {
  return who.until((balance) => document.querySelector('#mine:not([hidden]) b')?.textContent === balance, balance);
}

/** Waits until a page shows an account with a balance, and a sum to which nothing was added. */
async function shows(who, name, balance) {
  await who.until(([name, balance]) => {
    const line = [...document.querySelectorAll('#accounts li')].find((li) => li.querySelector('.name').textContent === name);
    return line?.querySelector('b').textContent === balance;
  }, [name, balance]);
  await proves(who);
}

function proves(who) {
  return who.until(() => document.getElementById('sum').textContent === '8,002,000' && document.getElementById('verdict').textContent.endsWith('Nothing is lost.'));
}

/** Fills in the form and sends it; from undefined is what the form offers. */
async function transfers(who, to, amount, from) {
  if (from) await who.page.selectOption('#From', { label: from });
  await who.page.selectOption('#To', { label: to });
  await who.page.fill('#Amount', amount);
  await who.page.click('#transfer button[type=submit]');
}

/** Waits until the slip on top says this. */
function confirms(who, what, how) {
  return who.until(([what, how]) => {
    const slip = document.querySelector('#slips li');
    return slip?.querySelector('.what').textContent === what && new RegExp(how).test(slip.querySelector('.how').textContent);
  }, [what, how]);
}

/** Waits until the form says why not, at a field or below all of them. */
function complains(who, at, text) {
  return who.until(([at, text]) => document.getElementById(`${at}-trouble`).textContent === text, [at, text]);
}

scene('an account needs a name', async () => {
  await opensAccount(ada);
  await bob.arrive(story.browser, story.server.port, '/bank/');
  await bob.page.waitForSelector('#open:not([hidden])');
  await bob.page.click('#open button');
  await complains(bob, 'open', 'a name has 1 to 40 characters');
  await bob.page.fill('#open-name', 'Bob');
  await bob.page.press('#open-name', 'Enter');
  await has(bob, '1,000');
});

scene('a transfer is confirmed when it is on disk, and both see it', async () => {
  await shows(ada, 'Bob', '1,000');
  await transfers(ada, 'Bob', '125');
  await confirms(ada, 'Ada → Bob', '^durable in [0-9.]+ ms$');
  await has(ada, '875');
  await has(bob, '1,125');
  for (const who of [ada, bob]) await shows(who, 'Ada', '875');
  await transfers(bob, 'Ada', '1,000', 'Bakery');
  await confirms(bob, 'Bakery → Ada', 'durable');
  for (const who of [ada, bob]) {
    await shows(who, 'Ada', '1,875');
    await shows(who, 'Bakery', '999,000');
  }
});

scene('a refusal is shown word for word, and moves nothing', async () => {
  await transfers(ada, 'Bakery', '10', 'Bob');
  const his = await ada.page.$eval('#From option:checked', (option) => option.value);
  await complains(ada, 'transfer', `account ${his} is not yours`);
  await transfers(ada, 'Bob', '1,876', 'Ada');
  await complains(ada, 'Amount', 'the account holds less than that');
  await complains(ada, 'transfer', '');
  await transfers(ada, 'Bob', '0');
  await complains(ada, 'Amount', 'move an amount above zero to another account');
  await transfers(ada, 'Bob', 'a lot');
  await complains(ada, 'Amount', 'a whole number, please');
  for (const who of [ada, bob]) {
    await shows(who, 'Ada', '1,875');
    await shows(who, 'Bob', '1,125');
  }
});

scene('many transfers at once add up', async () => {
  await Promise.all([ada, bob].map(({ page }) => page.click('#rush')));
  for (const who of [ada, bob]) await confirms(who, '100 transfers between houses', '^all durable in');
  for (const who of [ada, bob]) await proves(who);
  const [hers, his] = await Promise.all([ada, bob].map(({ page }) => page.$$eval('#accounts li.house b', (all) => all.map((b) => b.textContent))));
  assert.deepEqual(hers, his);
});

scene('without a connection nothing is confirmed', async () => {
  ada.wire.hold();
  await transfers(ada, 'Bob', '7', 'Ada');
  ada.wire.cut();
  await complains(ada, 'transfer', 'WebSocket disconnected');
  await ada.page.waitForSelector('#link.offline');
  await transfers(ada, 'Bob', '5');
  await complains(ada, 'transfer', 'WebSocket not connected');
  await transfers(bob, 'Ada', '25', 'Bob');
  await confirms(bob, 'Bob → Ada', 'durable');
  ada.wire.mend();
  ada.wire.release();
  await ada.page.waitForSelector('#link.online');
  await shows(ada, 'Bob', await bob.page.textContent('#mine-balance'));
});

scene('the bank is as it was after a restart of the server, and so are its people', async () => {
  const balances = () => ada.page.$$eval('#accounts li', (all) => all.map((li) => [li.querySelector('.name').textContent, li.querySelector('b').textContent]));
  const before = await balances();
  assert.equal(await story.server.stop(), 0, story.server.log);
  await ada.page.waitForSelector('#link.offline');
  await story.server.start();
  for (const { wire } of [ada, bob]) wire.lead(story.server.port);
  await ada.page.reload();
  await ada.page.waitForSelector('#link.online');
  await ada.page.waitForSelector('#mine:not([hidden])');
  await proves(ada);
  assert.deepEqual(await balances(), before);
});

scene('a kill leaves a trophy, and who takes it has it for good', async (t) => {
  await ada.page.goto(new URL('/arena/?fighters=0', ada.page.url()).href);
  assert.equal(await ada.page.isVisible('#shelf'), false, 'the door shows the shelf of nobody');
  await ada.enter();
  const room = await ada.page.evaluate(() => window.__parlor.room.id);
  await bob.page.goto(new URL(`/arena/?room=${room}`, bob.page.url()).href);
  await bob.enter();
  const hunter = new Hunter(bob, FIELD);
  await hunter.fells(ada.id);
  await hunter.takesTrophy();
  await bob.until(() => /^A (bronze|silver|gold) trophy is on your shelf$/.test(document.querySelector('#feed li.mine:last-child')?.textContent));
  await bob.until(() => document.getElementById('trophies').textContent === '1');
  t.diagnostic(await bob.page.textContent('#feed li:last-child'));
});

scene('the shelf is there after a restart of the server and the page', async () => {
  assert.equal(await story.server.stop(), 0, story.server.log);
  assert.doesNotMatch(story.server.log, /panic| ERR /);
  const addresses = [ada, bob].map(({ page }) => page.url());
  for (const who of [ada, bob]) {
    await who.until(() => window.__parlor.room.status !== 'joined'); // no seat is kept then
    await who.page.goto('about:blank');
  }
  await story.server.start();
  for (const { wire } of [ada, bob]) wire.lead(story.server.port);
  await Promise.all([ada, bob].map(({ page }, i) => page.goto(new URL('/arena/?fighters=0', addresses[i]).href)));
  await bob.page.waitForSelector('#shelf:not([hidden])');
  const counts = await bob.page.$$eval('#shelf b', (all) => all.map((b) => Number(b.textContent)));
  assert.deepEqual(counts.sort(), [0, 0, 1]);
  assert.match(await bob.page.textContent('#shelf-last'), /^The last one, (bronze|silver|gold), was Ada’s\.$/);
  await bob.enter();
  await bob.until(() => document.getElementById('trophies').textContent === '1');
});

scene('a shelf that stays closed keeps nobody from playing', async () => {
  await ada.page.waitForSelector('#shelf:not([hidden])');
  await ada.page.evaluate(() => localStorage.setItem('parlor.arena.owner', JSON.stringify({ user: 'guest-of-before', guest: '' })));
  await ada.page.reload();
  await ada.enter();
  await ada.until(() => document.getElementById('shelf-last').textContent.startsWith('Your shelf is empty'));
  const owner = await ada.page.evaluate(() => JSON.parse(localStorage.getItem('parlor.arena.owner')).user);
  assert.equal(owner, await ada.page.evaluate(() => window.__parlor.client.welcome.user));
  assert.equal(await story.server.stop(), 0, story.server.log);
});
