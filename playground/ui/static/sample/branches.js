// The texts that were written from one prompt, as a tree: every token is a node, a branch is a way to a leaf.

class Branches {
  constructor(prompt, title) {
    this.prompt = prompt;
    this.title = title;
    this.root = { children: [], parent: null, likeliest: [] };
    this.current = this.root;
    this.serial = null;
    this.begun = new Set(); // the serials of all writings
    this.follows = true; // false once a person walks away from what is being written
  }

  /** The nodes from the first token to the current one. */
  path() {
    const nodes = [];
    for (let node = this.current; node.parent; node = node.parent) nodes.unshift(node);
    return nodes;
  }

  ids() {
    return this.path().map((node) => node.id);
  }

  /** The child of a node with this token; a new one if it was never written. */
  child(node, [id, text, p, own, likeliest]) {
    let found = node.children.find((one) => one.id === id);
    if (!found) node.children.push((found = { id, parent: node, children: [] }));
    Object.assign(found, { text, p, own, likeliest: likeliest ?? found.likeliest ?? [] });
    return found;
  }

  /** Take what the server has written so far after the tokens that were kept. */
  take({ serial, kept, tokens }) {
    if (serial !== this.serial) {
      if (this.begun.has(serial)) return; // a late word of a text that another one has taken over from
      this.begun.add(serial);
      let node = this.root;
      for (const id of kept) node = node.children.find((one) => one.id === id) ?? node;
      Object.assign(this, { serial, end: node, count: 0, follows: true });
    }
    for (; this.count < tokens.length; this.count++) this.end = this.child(this.end, tokens[this.count]);
    if (this.follows) this.current = this.end;
  }

  /** Stand on another token in a node's place, followed as far as it was written last. */
  leave(node, [id, text, p, own]) {
    const known = node.parent.children.find((one) => one.id === id);
    this.follows = false;
    this.current = this.child(node.parent, [id, text, p, own, known?.likeliest ?? node.likeliest]);
    if (known) while (this.current.children.length) this.current = this.current.children.at(-1);
    return Boolean(known);
  }

  /** Show another branch, `by` places further. */
  walk(by) {
    const leaves = this.leaves();
    this.current = leaves[(leaves.indexOf(this.current) + by + leaves.length) % leaves.length];
    this.follows = false;
  }

  leaves(node = this.root) {
    return node.children.length ? node.children.flatMap((child) => this.leaves(child)) : [node];
  }
}
