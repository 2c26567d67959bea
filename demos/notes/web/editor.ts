import Quill from 'quill';
import QuillCursors from 'quill-cursors';
import { QuillBinding } from 'y-quill';
import { colorOf, type Person } from '../../people/person';
import type { Document } from './document';

const TOOLBAR = [
  [{ header: [1, 2, 3, false] }],
  ['bold', 'italic', 'underline', 'strike', 'code'],
  [{ list: 'ordered' }, { list: 'bullet' }, { list: 'check' }],
  ['blockquote', 'code-block', 'link', 'clean'],
];
const FORMATS = ['header', 'bold', 'italic', 'underline', 'strike', 'code', 'list', 'indent', 'blockquote', 'code-block', 'link'];

/** Binds Quill to a document's text "body", and shows where others write. */
export class Editor {
  readonly quill: Quill;
  readonly binding: QuillBinding;

  constructor(
    private readonly document: Document,
    element: HTMLElement,
  ) {
    Quill.register('modules/cursors', QuillCursors, true);
    this.quill = new Quill(element, {
      theme: 'snow',
      placeholder: 'Write something. The first line is the title.',
      formats: FORMATS, // no images: a picture in a text would be sent to everybody, again and again
      modules: { cursors: { transformOnTextChange: true, hideDelayMs: 4000 }, toolbar: TOOLBAR, history: { userOnly: true } },
    });
    this.quill.root.setAttribute('aria-label', 'Text');
    this.quill.root.spellcheck = false;
    this.binding = new QuillBinding(document.doc.getText('body'), this.quill, document.provider.awareness);
  }

  introduce(person: Person): void {
    this.document.provider.awareness.setLocalStateField('user', person);
  }

  /** Who else has the document open: one for each page. */
  get others(): Person[] {
    const { awareness } = this.document.provider;
    const all: [number, any][] = [...awareness.getStates()];
    return all.filter(([client]) => client !== awareness.clientID).map(([client, { user }]) => ({ name: String(user?.name || `Guest ${client % 1000}`), color: colorOf(user?.color) }));
  }

  /** The first line that says something. */
  get title(): string {
    return this.quill.getText(0, 400).split('\n').map((l) => l.trim()).find((l) => l !== '')?.slice(0, 80) ?? '';
  }
}
