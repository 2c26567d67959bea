/** Plays the arena with the keyboard, without luck: for scenes in which somebody must win. */
export class Hunter {
  constructor(visitor, field) {
    this.visitor = visitor;
    this.field = field;
  }

  /** Walks up to a fighter who stands still, and shoots until it falls. */
  async fells(id) {
    await this.#play('fell', id);
    await this.visitor.until(([by, of]) => window.__parlor.state.Players.get(of).Deaths > 0 && window.__parlor.state.Players.get(by).Kills > 0, [this.visitor.id, id]);
    await this.#play('');
  }

  /** Walks onto the trophy that lies around, and waits until it is taken. */
  async takesTrophy() {
    await this.visitor.until(() => window.__parlor.state.Trophies.size > 0);
    await this.#play('take');
    await this.visitor.until(() => window.__parlor.state.Trophies.size === 0);
    await this.#play('');
  }

  #play(task, id) {
    return this.visitor.page.evaluate(play, { task, id, field: this.field });
  }
}

/** Runs in the page: presses keys in each frame, until it is called with another task. */
function play({ task, id, field }) {
  window.hunt ??= { held: new Set() };
  const { hunt } = window;
  hunt.task = task;
  const press = (keys) => {
    for (const code of hunt.held) if (!keys.has(code)) dispatchEvent(new KeyboardEvent('keyup', { code }));
    for (const code of keys) if (!hunt.held.has(code)) dispatchEvent(new KeyboardEvent('keydown', { code }));
    hunt.held = keys;
  };
  const free = (x, y) => {
    const inside = x > field.radius && y > field.radius && x < field.width - field.radius && y < field.height - field.radius;
    return inside && field.walls.every(([wx, wy, w, h]) => Math.hypot(x - Math.min(Math.max(x, wx), wx + w), y - Math.min(Math.max(y, wy), wy + h)) > field.radius);
  };
  const way = (from, to) => {
    const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) * 4);
    for (let i = 1; i < steps; i++) if (!free(from.x + ((to.x - from.x) * i) / steps, from.y + ((to.y - from.y) * i) / steps)) return false;
    return true;
  };
  /** Where to go first: straight on, or to a place in sight on a way back from the goal, a metre at a time. */
  const first = (from, to) => {
    if (way(from, to)) return to;
    const cell = (x, y) => Math.floor(x) + Math.floor(y) * field.width;
    const seen = new Set([cell(to.x, to.y)]);
    const queue = [to];
    for (const at of queue) {
      if (Math.hypot(at.x - from.x, at.y - from.y) < 4 && way(from, at)) return at;
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        const near = { x: Math.floor(at.x + dx) + 0.5, y: Math.floor(at.y + dy) + 0.5 };
        if (seen.has(cell(near.x, near.y)) || !free(near.x, near.y)) continue;
        seen.add(cell(near.x, near.y));
        queue.push(near);
      }
    }
    return to;
  };
  /** A place from which one shoots to the left or to the right. */
  const beside = (goal) => {
    const places = [-4, 4, -3, 3, -2, 2].map((far) => ({ x: goal.x + far, y: goal.y }));
    return places.find((place) => free(place.x, place.y) && way(place, goal)) ?? goal;
  };
  const walk = (keys, dx, dy, slack) => {
    if (Math.abs(dx) > slack) keys.add(dx > 0 ? 'KeyD' : 'KeyA');
    if (Math.abs(dy) > slack) keys.add(dy > 0 ? 'KeyS' : 'KeyW');
  };
  const frame = () => {
    if (hunt.task !== task || task === '') return press(new Set());
    requestAnimationFrame(frame);
    const me = window.__parlor.players().find((f) => f.me);
    const [trophy] = [...window.__parlor.state.Trophies].map(([, t]) => t);
    const goal = task === 'fell' ? window.__parlor.players().find((f) => f.id === id) : trophy && { x: trophy.X, y: trophy.Y };
    const keys = new Set();
    const done = task === 'fell' && window.__parlor.state.Players.get(id)?.Deaths > 0; // who follows it to its new place may walk over its trophy
    if (!me || !goal || me.hp === 0 || done) return press(keys);
    const [dx, dy] = [goal.x - me.x, goal.y - me.y];
    if (task === 'fell' && goal.hp > 0 && Math.abs(dy) < 0.5 && Math.abs(dx) > 1 && Math.abs(dx) < 12 && way(me, goal)) {
      keys.add('Space'); // the aim is where one walks, or walked
      const aims = Math.cos(me.aim) * Math.sign(dx) > 0.9;
      if (Math.abs(dx) > 3 || !aims) walk(keys, dx, 0, 0);
    } else {
      const to = first(me, task === 'fell' ? beside(goal) : goal);
      walk(keys, to.x - me.x, to.y - me.y, 0.3);
    }
    press(keys);
  };
  frame();
}
