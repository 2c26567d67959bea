// Lets a page open without a server: its files as they came last. With a server
// they are asked for anew each time. What people wrote is not kept here: the
// pages keep it in IndexedDB.
const KEPT = `parlor ${location.pathname}`;
const FILES = ['./', 'main.js', 'style.css'].map((name) => new URL(name, location).href);
const PATIENCE_MS = 3000;

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)));
});

addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('fetch', (event) => {
  const url = event.request.url.replace(/[?#].*/, '');
  if (event.request.method === 'GET' && FILES.includes(url)) event.respondWith(answer(url));
});

async function answer(url) {
  const cache = await caches.open(KEPT);
  try {
    const fresh = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (fresh.ok) await cache.put(url, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(url);
    if (kept) return kept;
    throw error;
  }
}
