import { element, named } from '../../people/dom';
import { Line } from '../../people/line';
import { avatar, Me } from '../../people/person';
import { Document } from './document';
import { Editor } from './editor';
import { Shelf } from './shelf';

const REFRESH_MS = 250; // of the line, whose states have several sources
const SHOWN = 5; // faces in the head

/** A handle for debugging and browser tests. */
interface Handle {
  note: Document;
  editor: Editor;
}

declare global {
  interface Window {
    __notes?: Handle;
  }
}

const name = named('doc');
const note = new Document(name, true);
const contents = new Document('contents', true);
const line = new Line((plugged) => {
  for (const d of [note, contents]) d.plug(plugged);
});
const editor = new Editor(note, element('editor'));
const me = new Me((person) => editor.introduce(person));
const shelf = new Shelf(contents, name, (other) => location.assign(`?doc=${other}`));

let ownEdits = 0; // made since the server was last there
editor.quill.on('text-change', (_delta, _old, source) => {
  if (source !== 'user') return;
  shelf.wrote(editor.title);
  if (!note.synced) ownEdits++;
});
editor.introduce(me.person);

function drawLine(): void {
  if (note.synced) ownEdits = 0;
  if (note.status === 'connected') line.draw(note.synced ? 'fine' : 'busy', note.synced ? 'Online' : 'Catching up');
  else line.draw('lost', ownEdits > 0 ? 'Offline, edits are kept here' : 'Offline');
}

function drawPeople(): void {
  const { others } = editor;
  const faces = others.slice(0, SHOWN).map((person) => {
    const face = avatar(person);
    face.title = person.name;
    return face;
  });
  if (others.length > SHOWN) faces.push(avatar({ name: `+ ${others.length - SHOWN}`, color: '#8b95ab' }));
  element('people').replaceChildren(...faces);
}

note.provider.awareness.on('change', drawPeople);
setInterval(drawLine, REFRESH_MS);
element('show-shelf').addEventListener('click', () => {
  const shown = document.body.classList.toggle('shelf');
  element('show-shelf').setAttribute('aria-expanded', String(shown));
});
window.__notes = { note, editor };
navigator.serviceWorker?.register('sw.js').catch(() => {}); // without it the page only opens online
