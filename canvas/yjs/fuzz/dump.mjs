// The form in which contents are compared: that of dump.go.
import * as Y from 'yjs'

export const dumpDoc = doc => ({
  map: dump(doc.getMap('map')), array: dump(doc.getArray('array')), text: dump(doc.getText('text')), xml: dump(doc.getXmlFragment('xml'))
})

function dump (v) {
  if (v instanceof Y.XmlText) return { text: runs(v), attributes: object(v.getAttributes()) }
  if (v instanceof Y.Text) return { text: runs(v) }
  if (v instanceof Y.Map) return { map: object(Object.fromEntries(v.entries())) }
  if (v instanceof Y.Array) return { array: v.toArray().map(dump) }
  if (v instanceof Y.XmlElement) return { element: v.nodeName, attributes: object(v.getAttributes()), children: v.toArray().map(dump) }
  if (v instanceof Y.XmlFragment) return { fragment: v.toArray().map(dump) }
  if (v instanceof Y.Doc) return { doc: v.guid }
  if (v === undefined) return { undefined: true }
  if (v === null) return null
  if (typeof v === 'bigint') return { bigint: String(v) }
  if (Object.is(v, -0)) return { number: '-0' }
  if (v instanceof Uint8Array) return { bytes: Buffer.from(v).toString('base64') }
  if (Array.isArray(v)) return v.map(dump)
  if (typeof v === 'object') return { object: object(v) }
  return v
}

const object = o => Object.fromEntries(Object.entries(o).map(([key, v]) => [key, dump(v)]))

function runs (text) {
  const list = []
  for (const { insert, attributes = {} } of text.toDelta()) {
    const last = list.at(-1)
    if (typeof insert === 'string' && typeof last?.[0] === 'string' && canonical(last[1]) === canonical(attributes)) last[0] += insert
    else list.push([dump(insert), attributes])
  }
  return list
}

// JSON with sorted keys.
export const canonical = v => JSON.stringify(v, (_, o) =>
  o && typeof o === 'object' && !Array.isArray(o) ? Object.fromEntries(Object.entries(o).sort(([a], [b]) => a < b ? -1 : 1)) : o)
