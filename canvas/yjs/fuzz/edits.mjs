// Random edits by a yjs client.
import * as Y from 'yjs'

export function editDoc (doc, random) {
  const roots = [doc.getMap('map'), doc.getArray('array'), doc.getText('text'), doc.getXmlFragment('xml')]
  doc.transact(() => {
    for (let n = 1 + random.below(3); n > 0; n--) editType(pick(random.pick(roots), random), random)
  }, 'local')
}

// Walks into nested types now and then.
function pick (type, random) {
  while (random.chance(0.6)) {
    const inner = children(type).filter(v => v instanceof Y.AbstractType)
    if (inner.length === 0) break
    type = random.pick(inner)
  }
  return type
}

function children (type) {
  if (type instanceof Y.Map) return [...type.values()]
  if (type instanceof Y.Text) return type.toDelta().map(run => run.insert)
  return type.toArray()
}

function editType (type, random) {
  if (type instanceof Y.Text) editText(type, random)
  else if (type instanceof Y.Map) editMap(type, random)
  else if (type instanceof Y.Array) editArray(type, random)
  else editXml(type, random)
}

function editMap (map, random) {
  const key = `k${random.below(5)}`
  if (random.chance(0.25)) map.delete(key)
  else map.set(key, random.chance(0.1) ? random.pick([undefined, -5n * 2n ** 40n, 7n]) : value(random))
}

function editArray (array, random) {
  if (array.length > 0 && random.chance(0.35)) {
    const at = random.below(array.length)
    array.delete(at, 1 + random.below(Math.min(3, array.length - at)))
    return
  }
  const list = Array.from({ length: 1 + random.below(3) }, () => value(random))
  array.insert(random.chance(0.3) ? array.length : random.place(array.length + 1), list)
}

function value (random) {
  const n = random.below(1000)
  return random.pick([
    () => n, () => -n, () => n / 7, () => n * 2 ** 40, () => 2 ** -20 * n, () => `s${n}`, () => '🎈é' + n, () => '',
    () => null, () => n % 2 === 0, () => -0,
    () => ({ a: n, b: [n, 'x', null], c: { d: undefined } }), () => [n, ['y']], () => new Uint8Array([n & 255, 0]),
    () => new Y.Map([['k0', n], ['k1', 'v']]), () => Y.Array.from([n, 'z', { e: 1 }]), () => new Y.Text(`t${n}`),
    () => new Y.Map(), () => new Y.XmlElement('li'), () => new Y.Doc({ guid: `g${n}`, meta: n % 2 ? { n } : null })
  ])()
}

// The places between characters: never within a surrogate pair, for yjs does not
// agree with itself about its halves.
function bounds (text) {
  const places = [0]
  for (const { insert } of text.toDelta()) {
    const parts = typeof insert === 'string' ? [...insert] : ['*']
    for (const part of parts) places.push(places.at(-1) + part.length)
  }
  return places
}

const attributes = random => random.pick([
  { bold: true }, { bold: null }, { bold: false }, { italic: true }, { italic: null }, { link: { href: `#${random.below(3)}` } },
  { link: null }, { bold: true, italic: true }, { color: `c${random.below(3)}` }
])

function editText (text, random) {
  const places = bounds(text)
  const i = random.place(places.length)
  const j = Math.min(places.length - 1, i + 1 + random.below(6))
  const word = random.pick(['a', 'b', 'Hi ', 'ü', '🎉', '👩‍🚀x', '\n', '漢字', 'lorem ipsum '])
  switch (random.below(10)) {
    case 0: case 1:
      if (j > i) text.delete(places[i], places[j] - places[i])
      return
    case 2: case 3:
      if (j > i) text.format(places[i], places[j] - places[i], attributes(random))
      return
    case 4: return text.insert(places[i], word, attributes(random))
    case 5:
      if (random.chance(0.5)) return text.insertEmbed(places[i], { image: `i${random.below(9)}` }, random.chance(0.5) ? { bold: true } : {})
      return text.insertEmbed(places[i], random.chance(0.5) ? new Y.Map([['k0', 1]]) : new Y.Text('in'))
    case 6:
      if (j > i) {
        text.applyDelta([...(places[i] ? [{ retain: places[i] }] : []), { insert: word }, { retain: places[j] - places[i], attributes: attributes(random) }])
      }
      return
    default: return text.insert(places[i], word)
  }
}

function editXml (xml, random) {
  if (xml instanceof Y.XmlElement && random.chance(0.4)) {
    const name = `a${random.below(3)}`
    if (random.chance(0.3)) xml.removeAttribute(name)
    else xml.setAttribute(name, `v${random.below(9)}`)
    return
  }
  if (xml.length > 0 && random.chance(0.3)) {
    xml.delete(random.below(xml.length), 1)
    return
  }
  const element = () => {
    const e = new Y.XmlElement(random.pick(['p', 'h1', 'UL']))
    e.setAttribute('a0', 'new')
    e.insert(0, [new Y.XmlText('inner')])
    return e
  }
  xml.insert(random.place(xml.length + 1), [random.chance(0.6) ? element() : new Y.XmlText(`text${random.below(99)}`)])
}
