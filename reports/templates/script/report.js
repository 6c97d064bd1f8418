(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const data = JSON.parse(one("#explore-data").textContent);

  /* ---- parts that open ---- */
  const reveal = (target) => {
    if (target.closest("[hidden]")) for (const pressed of all(".counts [aria-pressed=true]")) pressed.click();
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  const named = (hash) => {
    try { return decodeURIComponent(hash.slice(1)); } catch { return hash.slice(1); }
  };
  const follow = () => {
    const target = location.hash && document.getElementById(named(location.hash));
    if (target) reveal(target);
  };
  addEventListener("hashchange", follow);
  follow();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of closed) part.open = false;
  });

  /* ---- contents ---- */
  const contents = one(".contents");
  const wide = matchMedia("(min-width: 64rem)");
  const unfold = () => { contents.open = wide.matches; };
  wide.addEventListener("change", unfold);
  unfold();
  contents.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) contents.open = false;
  });
  const links = new Map(all(".contents a").map((link) => [named(link.hash), link]));
  const watch = new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        for (const link of links.values()) link.removeAttribute("aria-current");
        links.get(target.id).setAttribute("aria-current", "true");
      }
    },
    { rootMargin: "-10% 0px -80% 0px" },
  );
  for (const id of links.keys()) {
    const target = document.getElementById(id);
    if (target) watch.observe(target);
  }

  /* ---- exact numbers on hover and focus ---- */
  const line = one("#tip"), legend = [...line.childNodes];
  const tell = (event) => {
    const leaves = event.type === "mouseout" || event.type === "focusout";
    const cell = (!leaves && event.target.closest("[data-tip]")) || one(".tips [data-tip]:focus");
    if (cell) line.textContent = cell.dataset.tip;
    else line.replaceChildren(...legend);
  };
  for (const part of all(".tips"))
    for (const kind of ["mouseover", "mouseout", "focusin", "focusout"]) part.addEventListener(kind, tell);

  /* ---- filter by verdict ---- */
  const chosen = new Set();
  const shown = one("#shown");
  const filter = () => {
    const keep = (element) => !chosen.size || chosen.has(element.dataset.verdict);
    for (const cell of all(".tips [data-verdict]")) cell.classList.toggle("dimmed", !keep(cell));
    for (const row of all(".estimates tr[data-verdict]")) row.hidden = !keep(row);
    for (const body of all(".estimates tbody")) body.hidden = !all("tr[data-verdict]:not([hidden])", body).length;
    for (const part of all("details.table")) {
      const any = all("tbody:not([hidden])", part).length > 0;
      part.hidden = !any;
      if (chosen.size && any) part.open = true;
    }
    const rows = all(".estimates tr[id]:not([data-constant])");
    const left = rows.filter((row) => !row.hidden).length;
    shown.textContent = chosen.size ? `${left} of ${rows.length} coefficients shown` : "";
  };
  for (const item of all(".counts li")) {
    const button = make("button", { type: "button", "aria-pressed": "false" });
    button.append(...item.childNodes);
    button.addEventListener("click", () => {
      const name = item.dataset.name;
      if (!chosen.delete(name)) chosen.add(name);
      button.setAttribute("aria-pressed", String(chosen.has(name)));
      filter();
    });
    item.append(button);
  }

  /* ---- tables as files ---- */
  const neutral = (text) => {
    const runs = data.formulas.some((start) => text.replace(/^ +/, "").startsWith(start));
    return runs && !(text.trim() !== "" && Number.isFinite(Number(text))) ? `'${text}` : text;
  };
  const written = (cell) => {
    const copy = cell.cloneNode(true);
    for (const button of all("button", copy)) button.remove();
    for (const end of all("br, small, code", copy)) end.before(" ");
    const text = copy.textContent.replace(/\s+/g, " ").trim();
    const plain = text.replace(/\u2212/g, "-");
    return neutral(plain !== "" && Number.isFinite(Number(plain)) ? plain : text);
  };
  const csv = (table) =>
    all("tr", table)
      .filter((row) => !row.hidden && !row.parentElement.hidden)
      .map((row) =>
        [...row.cells]
          .flatMap((cell) => [written(cell), ...Array(cell.colSpan - 1).fill("")])
          .map((text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text))
          .join(","),
      )
      .join("\r\n");
  for (const table of all("main table")) {
    const caption = one("caption", table);
    const name = caption ? caption.textContent.trim() : "table";
    const file = `${name.replace(/\.$/, "").slice(0, 60).replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase()}.csv`;
    const button = make("button", { type: "button", class: "csv", "aria-label": `Download as CSV: ${name}` }, "CSV");
    button.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob(["\ufeff", csv(table), "\r\n"], { type: "text/csv;charset=utf-8" }));
      make("a", { href: address, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
    const holder = table.closest(".scroll") || table;
    holder.after(button);
  }

  if (data.items.length) explore(data, { one, all, make, reveal });
})();
