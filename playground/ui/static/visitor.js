// Whose runs are whose: a secret that this browser makes up and keeps goes along with every request to this app,
// and to no other address; so do the keys of runs that others have shared by a link (?watch=KEY).

(() => {
  const SECRET = "playground-visitor", KEYS = "playground-watched", MOST = 20;

  function kept(name, make) {
    try {
      if (!localStorage.getItem(name)) localStorage.setItem(name, make());
      return localStorage.getItem(name);
    } catch {
      return make(); // a browser that keeps nothing: runs are this page's own until it is left
    }
  }

  function random() {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function keys() {
    const given = new URLSearchParams(location.search).get("watch") || "";
    const before = kept(KEYS, () => ",").split(",").filter(Boolean);
    const all = [...new Set([given, ...before])].filter((key) => /^[\w-]{10,100}$/.test(key)).slice(0, MOST);
    try {
      localStorage.setItem(KEYS, all.join(",") || ",");
    } catch { /* as above */ }
    return all.join(",");
  }

  const secret = kept(SECRET, random), watched = keys(), plain = window.fetch;

  window.fetch = (input, init) => {
    const request = input instanceof Request ? input : null;
    if (new URL(request ? request.url : input, location.href).origin !== location.origin) return plain(input, init);
    const headers = new Headers(init?.headers ?? request?.headers);
    headers.set("x-playground-visitor", secret);
    if (watched) headers.set("x-playground-keys", watched);
    return plain(input, { ...init, headers });
  };
})();
