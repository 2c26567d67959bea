// Writes notes in a real browser: node demos/notes_browser_test.mjs
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
  await who.arrive(story.browser, story.server.port, '/notes/?doc=lunch');
  await online(who);
  await who.page.click('#me');
  await who.page.fill('#your-name', who.name);
  await who.page.press('#your-name', 'Enter');
}

function online(who) {
  return who.until(() => document.getElementById('line-text').textContent === 'Online');
}

/** Sets the caret behind some text, or at the end. */
async function goes(who, behind = '') {
  await who.page.evaluate((behind) => {
    const { quill } = window.__notes.editor;
    quill.focus();
    quill.setSelection(behind === '' ? quill.getLength() - 1 : quill.getText().indexOf(behind) + behind.length, 0, 'user');
  }, behind);
}

async function writes(who, text, behind) {
  await goes(who, behind);
  await who.page.keyboard.type(text);
}

const delta = (who) => who.page.evaluate(() => JSON.stringify(window.__notes.editor.quill.getContents().ops));
const reads = (who, text) => who.until((text) => window.__notes.editor.quill.getText().includes(text), text);

/** Waits until both editors show the same, formats included. */
async function agree() {
  await bob.until((hers) => JSON.stringify(window.__notes.editor.quill.getContents().ops) === hers, await delta(ada));
}

scene('what one writes the other reads, with its formats', async () => {
  await arrives(ada);
  await arrives(bob);
  await ada.page.click('.ql-editor');
  await ada.page.keyboard.type('Before the lunch\n');
  await ada.page.keyboard.type('Ask Bob for the ');
  await ada.page.keyboard.press('Control+b');
  await ada.page.keyboard.type('long');
  await ada.page.keyboard.press('Control+b');
  await ada.page.keyboard.type(' table\n');
  await ada.page.evaluate(() => window.__notes.editor.quill.formatLine(0, 1, 'header', 1, 'user'));
  await bob.page.waitForSelector('.ql-editor h1:text-is("Before the lunch")');
  await bob.page.waitForSelector('.ql-editor strong:text-is("long")');
  await agree();
});

scene('both see each other: a face, and a caret with a name', async () => {
  await goes(ada, 'Ask');
  await goes(bob, 'Before');
  await ada.page.waitForSelector('#people .avatar[title=Bob]');
  await ada.until(() => [...document.querySelectorAll('.ql-cursor-name')].some((n) => n.textContent === 'Bob'));
  await bob.until(() => [...document.querySelectorAll('.ql-cursor-name')].some((n) => n.textContent === 'Ada'));
});

scene('undo takes back one’s own words only', async () => {
  await ada.page.evaluate(() => window.__notes.editor.quill.history.cutoff()); // or it is one step with what Ada wrote before
  await writes(ada, 'Mine. ');
  await reads(bob, 'Mine.');
  await writes(bob, 'His. ', 'table\n');
  await reads(ada, 'His.');
  await ada.page.evaluate(() => window.__notes.editor.quill.history.undo());
  await ada.until(() => !window.__notes.editor.quill.getText().includes('Mine.'));
  await reads(ada, 'His.');
  await agree();
});

scene('the list of notes is live, and leads to them', async () => {
  await ada.page.waitForSelector('#list a[aria-current] b:text-is("Before the lunch")');
  await bob.page.click('#show-shelf');
  await bob.page.waitForSelector('#list b:text-is("Before the lunch")');
  await bob.page.click('#show-shelf');
});

scene('one goes offline, both write, and nothing is lost', async () => {
  bob.wire.cut();
  await bob.until(() => document.getElementById('line').className === 'chip lost');
  await writes(bob, 'Written in a tunnel. ', 'Before');
  await bob.until(() => document.getElementById('line-text').textContent === 'Offline, edits are kept here');
  await ada.until(() => document.querySelector('#people .avatar') === null);
  await writes(ada, ' Written at home.', 'table');
  bob.wire.mend();
  await bob.page.evaluate(() => dispatchEvent(new Event('online')));
  await online(bob);
  for (const who of [ada, bob]) for (const text of ['Written in a tunnel.', 'Written at home.']) await reads(who, text);
  await agree();
});

scene('a page that is loaded anew without a server has the note, and what was written in it', async () => {
  await bob.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await bob.page.reload();
  await online(bob);
  bob.wire.cut();
  await bob.until(() => document.getElementById('line').className === 'chip lost');
  await writes(bob, 'Kept over a reload. ');
  await bob.keeps((value) => Buffer.from(value).includes('Kept over a reload. '), { database: 'parlor.notes', store: 'documents' });
  await bob.page.reload();
  await reads(bob, 'Kept over a reload.');
  bob.wire.mend();
  await bob.page.evaluate(() => dispatchEvent(new Event('online')));
  await online(bob);
  await reads(ada, 'Kept over a reload.');
  await agree();
});

scene('a killed server has all that was read by others', async () => {
  const before = await delta(ada);
  await story.server.kill();
  for (const who of [ada, bob]) await who.until(() => document.getElementById('line').className === 'chip lost');
  await story.server.start();
  for (const who of [ada, bob]) who.wire.lead(story.server.port);
  for (const who of [ada, bob]) await online(who);
  assert.equal(await delta(ada), before);
  const fresh = await ada.page.context().newPage();
  await fresh.goto(ada.page.url().replace('lunch', 'lunch#again'));
  await fresh.waitForFunction((before) => JSON.stringify(window.__notes?.editor.quill.getContents().ops) === before, before);
  await fresh.close();
});
