// Plays the task board in a real browser: node demos/tasks_browser_test.mjs
//
// It builds the server, runs it on a free port with a folder of its own, and
// opens pages in the Chromium that the environment variable CHROMIUM names.
// Every page has a wire of its own to the server, which is cut and held.
// The tests are scenes of one story: after one has failed the rest are skipped.
import assert from 'node:assert/strict';
import { Story } from './browser/story.mjs';
import { Visitor } from './browser/visitor.mjs';

const ROW_PX = 46;
const DESK = { width: 1280, height: 800 };

const ada = new Visitor('Ada', DESK);
const bob = new Visitor('Bob', DESK);
const story = new Story([ada, bob]);
const scene = story.scene.bind(story);

/** Opens the board and says one's name. */
async function arrives(who) {
  await who.arrive(story.browser, story.server.port, '/tasks/');
  await who.page.waitForSelector('#door:not([hidden])');
  await who.page.fill('#door-name', who.name);
  await who.page.press('#door-name', 'Enter');
  await who.page.waitForSelector('#door', { state: 'hidden' });
  await saved(who);
}

/** Waits until the server has all that a page has changed. */
async function saved(...pages) {
  for (const who of pages) await who.until(() => document.getElementById('line-text').textContent === 'Online, all saved');
}

/** Breaks a page's connection for good, until comesBack. */
async function goesOffline(who) {
  who.wire.cut();
  await who.until(() => document.getElementById('line').className === 'chip lost');
}

async function comesBack(who) {
  who.wire.mend();
  await who.page.evaluate(() => dispatchEvent(new Event('online'))); // as the browser says when the network is back
  await saved(who);
}

/** Waits until a page's browser keeps a task as it is, in a list of a thousand. */
async function keeps(who, { ID, Title, Votes, Done }) {
  await who.until(() => localStorage.getItem('parlor.tasks.Ideas') > 1000);
  const same = ([, t]) => t.ID === ID && t.Title === Title && t.Votes === Votes && t.Done === Done;
  await who.keeps((value) => value?.rows?.length > 1000 && value.rows.some(same));
}

/** The rows of a list, as a page has them; it shows the first ones. */
async function rows(who, list = 'Ideas') {
  await who.page.evaluate(() => scrollTo(0, 0));
  return who.page.evaluate((list) => window.__tasks.board.windows.get(list).rows.map(({ ID, Title, Votes, Done, List }) => ({ ID, Title, Votes, Done, List })), list);
}

/** Waits until a page's task has these fields. */
function shows(who, id, fields) {
  return who.until(([id, fields]) => {
    const task = window.__tasks.board.find(id);
    return task !== undefined && Object.entries(fields).every(([name, value]) => task[name] === value);
  }, [id, fields]);
}

/** Waits until both pages show the same rows in all lists, and returns those of the first. */
async function agree() {
  await saved(ada, bob);
  for (const list of ['Ideas', 'Next', 'Doing', 'Bugs', 'Someday']) {
    const hers = await rows(ada, list);
    await bob.until(([list, hers]) => {
      const key = (rows) => rows.map(({ ID, Title, Votes, Done }) => [ID, Title, Votes, Done].join()).join('\n');
      const his = window.__tasks.board.windows.get(list).rows;
      const shared = Math.min(his.length, hers.length);
      return shared >= 50 && key(his.slice(0, shared)) === key(hers.slice(0, shared));
    }, [list, hers]);
  }
}

function row(id) {
  return `[data-task="${id}"]`;
}

/** Types another title into a row. */
async function renames(who, id, title) {
  await who.page.dblclick(`${row(id)} span.title`);
  await who.page.fill(`${row(id)} input.title`, title);
  await who.page.press(`${row(id)} input.title`, 'Enter');
  await who.page.waitForSelector(`${row(id)} span.title:text-is("${title}")`);
  await closes(who);
}

/** Closes the panel about a task. */
async function closes(who) {
  await who.page.focus('#grid');
  await who.page.keyboard.press('Escape');
  await who.page.waitForSelector('#details', { state: 'hidden' });
}

async function adds(who, title) {
  await who.page.fill('#new-title', title);
  await who.page.press('#new-title', 'Enter');
  const added = await who.page.waitForSelector(`.task:has(span.title:text-is("${title}"))`);
  return added.getAttribute('data-task');
}

scene('who comes first is the admin, and both see who is there', async () => {
  await arrives(ada);
  await arrives(bob);
  for (const who of [ada, bob]) await who.until(() => document.getElementById('people').children.length === 2);
  assert.equal(await ada.page.textContent('#role'), 'admin');
  assert.equal(await bob.page.textContent('#role'), 'editor');
  assert.deepEqual(await ada.page.$$eval('.list b', (counts) => counts.map((c) => c.textContent)), Array(5).fill('1,000'));
});

scene('what one adds, renames and ticks off the other sees', async () => {
  const id = await adds(ada, 'Count the zebras');
  await saved(ada);
  await bob.page.fill('#search', 'ZEBRA');
  await bob.page.waitForSelector(row(id));
  await bob.until(() => document.querySelector('.list b').textContent === '1,001');
  await renames(bob, id, 'Count the zebras again');
  await bob.page.click(`${row(id)} .done`);
  await ada.page.waitForSelector(`${row(id)}.is-done span.title:text-is("Count the zebras again")`);
  await bob.page.fill('#search', '100% of nothing');
  await bob.until(() => document.getElementById('foot').textContent === 'No task has that in its title');
  await bob.page.fill('#search', '');
  await bob.page.waitForSelector(row(id), { state: 'detached' });
  await agree();
});

scene('votes of others reorder the list, gently', async () => {
  const before = await rows(bob);
  const i = before.findIndex(({ Votes }, i) => i > 0 && Votes === before[i - 1].Votes);
  const { ID, Votes } = before[i];
  await bob.page.evaluate((id) => {
    window.glided = false;
    document.querySelector(`[data-task="${id}"]`).addEventListener('transitionrun', (e) => (window.glided ||= e.propertyName === 'transform'));
  }, ID);
  await ada.page.click(`${row(ID)} .vote`);
  await bob.page.waitForSelector(`${row(ID)} .vote:has-text("${Votes + 1}")`);
  await bob.until(([id, px]) => window.glided && new DOMMatrix(getComputedStyle(document.querySelector(`[data-task="${id}"]`)).transform).f < px, [ID, i * ROW_PX]);
  assert.equal(await ada.page.getAttribute(`${row(ID)} .vote`, 'aria-pressed'), 'true');
  assert.equal(await bob.page.getAttribute(`${row(ID)} .vote`, 'aria-pressed'), 'false');
  await ada.page.click(`${row(ID)} .vote`);
  await shows(bob, ID, { Votes });
  await closes(ada);
  await agree();
});

scene('scrolling brings a thousand tasks, each of them once', async (t) => {
  const received = () => bob.page.evaluate(() => window.__tasks.meter.received);
  const before = await received();
  await bob.until(() => {
    scrollTo(0, document.documentElement.scrollHeight);
    return window.__tasks.board.windows.get('Ideas').rows.length === 1001;
  });
  const bytes = (await received()) - before;
  t.diagnostic(`951 tasks came as ${bytes} bytes`);
  assert.ok(bytes < 951 * 150, `951 tasks came as ${bytes} bytes`);
  const ids = (await rows(bob)).map(({ ID }) => ID);
  assert.equal(new Set(ids).size, 1001);
  await bob.until(() => document.querySelectorAll('.task').length < 60); // those in sight
  await bob.until(() => /^1,001 of 1,001 tasks here/.test(document.getElementById('foot').textContent));
  await bob.page.evaluate(() => scrollTo(0, 0));
});

scene('a note is for its owner alone', async () => {
  const [{ ID }] = await rows(ada);
  await ada.page.click(`${row(ID)} .title`);
  await ada.page.fill('#note', 'Nobody else reads this');
  await closes(ada);
  await ada.page.waitForSelector(`${row(ID)} .marks .note`);
  await saved(ada);
  await agree();
  const notes = (who) => who.page.evaluate(async () => {
    const live = window.__tasks.room.collection('Notes').subscribe();
    if (live.status !== 'live') await new Promise((resolve) => live.onChange(() => live.status === 'live' && resolve()));
    const texts = live.rows.map(({ Text }) => Text);
    live.close();
    return texts;
  });
  assert.deepEqual(await notes(ada), ['Nobody else reads this']);
  assert.deepEqual(await notes(bob), []);
});

scene('a role counts at once', async () => {
  const setRole = async (role) => {
    await ada.page.selectOption('#people li:has-text("Bob") select', role);
    await bob.until((role) => document.getElementById('role').textContent === role, role);
  };
  await setRole('viewer');
  await bob.page.waitForSelector('.task .vote:disabled');
  assert.equal(await bob.page.isVisible('#add'), false);
  assert.equal(await bob.page.isEnabled('.task .done'), false);
  await setRole('editor');
  await bob.page.waitForSelector('.task .vote:enabled');
  assert.equal(await bob.page.isVisible('#add'), true);
});

scene('one goes offline, both edit, and both agree afterwards', async () => {
  const [, both, his, hers] = await rows(bob);
  await goesOffline(bob);
  await renames(bob, both.ID, 'As Bob wrote it');
  await bob.page.click(`${row(both.ID)} .done`);
  await bob.page.click(`${row(his.ID)} .vote`);
  const added = await adds(bob, 'Thought of in a tunnel');
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, 4 waiting');
  await shows(bob, his.ID, { Votes: his.Votes + 1 });

  await renames(ada, both.ID, 'As Ada wrote it');
  await ada.page.click(`${row(his.ID)} .vote`);
  await ada.page.click(`${row(hers.ID)} .done`);
  await closes(ada);
  await saved(ada);
  assert.equal((await rows(bob)).find(({ ID }) => ID === hers.ID).Done, hers.Done, 'the wire is not cut');

  await comesBack(bob);
  for (const who of [ada, bob]) {
    await shows(who, both.ID, { Title: 'As Bob wrote it', Done: !both.Done }); // the later one in the server's order
    await shows(who, his.ID, { Votes: his.Votes + 2 });
    await shows(who, hers.ID, { Done: !hers.Done });
  }
  await agree();
  await ada.page.fill('#search', 'in a tunnel');
  await ada.page.waitForSelector(row(added));
  await ada.page.fill('#search', '');
  assert.equal(await bob.page.isVisible('#refused'), false);
});

scene('edits of a page that was loaded anew while offline are not lost', async () => {
  const [first, second] = await rows(bob);
  await bob.until(() => navigator.serviceWorker.controller !== null);
  for (const task of [first, second]) await keeps(bob, task);
  await goesOffline(bob);
  await renames(bob, first.ID, 'Kept over a reload');
  await bob.page.click(`${row(second.ID)} .vote`);
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, 2 waiting');
  await bob.page.reload();
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, 2 waiting');
  await shows(bob, first.ID, { Title: 'Kept over a reload' });
  await shows(bob, second.ID, { Votes: second.Votes + 1 });
  assert.ok((await rows(bob)).length > 1000);
  assert.equal(await bob.page.textContent('#role'), 'editor');
  await comesBack(bob);
  for (const who of [ada, bob]) {
    await shows(who, first.ID, { Title: 'Kept over a reload' });
    await shows(who, second.ID, { Votes: second.Votes + 1 });
  }
  await agree();
});

scene('a change that the server refuses is told, also after a reload, until it is dismissed', async () => {
  const target = (await rows(bob))[3];
  await goesOffline(bob);
  await renames(bob, target.ID, 'Too late');
  await ada.page.click(`${row(target.ID)} .title`);
  await ada.page.click('#remove');
  await ada.page.waitForSelector(row(target.ID), { state: 'detached' });
  await saved(ada);
  await comesBack(bob);
  const told = async () => {
    await bob.page.waitForSelector('#refused li');
    assert.equal(await bob.page.textContent('#refused .why'), 'the task is gone');
    assert.match(await bob.page.textContent('#refused li b'), /Too late/);
  };
  await told();
  await bob.page.waitForSelector(row(target.ID), { state: 'detached' });
  await bob.page.reload();
  await told();
  await bob.page.click('#refused li button');
  await bob.page.waitForSelector('#refused', { state: 'hidden' });
  await bob.page.reload();
  await saved(bob);
  await agree();
  assert.equal(await bob.page.isVisible('#refused'), false);
});

scene('a visitor stays who they are, and another tab shows the same', async () => {
  const tab = await bob.page.context().newPage();
  await tab.goto(bob.page.url());
  await tab.waitForFunction(() => window.__tasks?.room.status === 'online');
  const [one, other] = await Promise.all([bob.page, tab].map((page) => page.evaluate(() => window.__tasks.room.user)));
  assert.equal(one, other);
  const [{ ID, Votes }] = await rows(bob);
  await tab.click(`${row(ID)} .vote`);
  await bob.until(([id, votes]) => window.__tasks.board.find(id).Votes !== votes, [ID, Votes]);
  await tab.close();
});

scene('the keyboard does it all', async () => {
  const { page } = ada;
  await page.keyboard.press('2');
  await page.waitForSelector('.list[data-list=Next][aria-current=true]');
  const [{ ID, Done }] = await rows(ada, 'Next');
  await page.keyboard.press('j');
  await page.waitForSelector(`${row(ID)}.selected`);
  await page.keyboard.press('x');
  await shows(bob, ID, { Done: !Done });
  await page.keyboard.press('e');
  await page.waitForSelector(`${row(ID)} input.title`);
  await page.keyboard.type('By keyboard');
  await page.keyboard.press('Enter');
  await shows(bob, ID, { Title: 'By keyboard' });
  await page.keyboard.press('m');
  await page.waitForSelector('#about-list:focus');
  await page.selectOption('#about-list', 'Bugs');
  await ada.until((id) => window.__tasks.board.windows.get('Next').rows.every((t) => t.ID !== id), ID);
  await bob.until(() => [...document.querySelectorAll('.list b')].map((b) => b.textContent).join(' ').includes('999 1,000 1,001'));
});

scene('a killed server has all that was saved, and gets what was not', async () => {
  await bob.page.fill('#search', 'by keyboard');
  const found = await bob.page.waitForSelector('.task:has(span.title:text-is("By keyboard"))');
  const id = await found.getAttribute('data-task');
  const { Votes, Done } = await bob.page.evaluate((id) => window.__tasks.board.find(id), id);
  await bob.page.click(`${row(id)} .vote`);
  await bob.page.click(`${row(id)} .title`);
  await bob.page.fill('#note', 'Seen before the fall');
  await closes(bob);
  await saved(bob);
  await story.server.kill();
  for (const who of [ada, bob]) await who.until(() => document.getElementById('line').className === 'chip lost');
  await bob.page.click(`${row(id)} .done`);
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, 1 waiting');

  await story.server.start();
  for (const who of [bob, ada]) {
    who.wire.lead(story.server.port);
    await comesBack(who);
    await shows(who, id, { Votes: Votes + 1, Done: !Done });
  }
  await bob.page.press('#search', 'Escape');
  await bob.page.waitForSelector(row(id), { state: 'detached' });
  assert.equal(await bob.page.evaluate((id) => window.__tasks.board.noteOn(id), id), 'Seen before the fall');
  await agree();
});

scene('the server ends in order', async () => {
  await story.browser.close();
  assert.equal(await story.server.stop(), 0, story.server.log);
  assert.doesNotMatch(story.server.log, /panic| ERR /);
});
