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
    button.disabled = item.dataset.count === "0";
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

  /* ---- another prior ---- */
  if (!data.items.length) return;
  const logDensity = {
    normal: (z, [m, s]) => -0.5 * ((z - m) / s) ** 2,
    laplace: (z, [m, s]) => -Math.abs((z - m) / s),
    cauchy: (z, [m, s]) => -Math.log1p(((z - m) / s) ** 2),
    student_t: (z, [nu, m, s]) => -0.5 * (nu + 1) * Math.log1p(((z - m) / s) ** 2 / nu),
  };
  const drawsOf = (item) => {
    if (item.z) return item.z;
    const bytes = Uint8Array.from(atob(item.draws), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const [centre, width, reach] = item.frame;
    item.z = Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
      const step = ((view.getUint16(2 * i, true) / 65535) * 2 - 1) * reach;
      return centre + width * Math.sinh(step);
    });
    return item.z;
  };

  /* Pareto-smoothed importance sampling; the shape by Zhang and Stephens (2009). */
  const paretoFit = (x) => {
    const size = x.length, grid = 30 + Math.floor(Math.sqrt(size));
    const quartile = x[Math.floor(size / 4 + 0.5) - 1], top = x[size - 1];
    if (quartile <= x[0]) return [NaN, NaN];
    const shape = (b) => x.reduce((sum, v) => sum + Math.log1p(-b * v), 0) / size;
    const b = Array.from({ length: grid }, (_, j) => (1 - Math.sqrt(grid / (j + 0.5))) / (3 * quartile) + 1 / top);
    const score = b.map((v) => {
      const k = shape(v);
      return size * (Math.log(-v / k) - k - 1);
    });
    const best = Math.max(...score);
    const weight = score.map((v) => Math.exp(v - best));
    const sum = weight.reduce((a, v) => a + v, 0);
    let total = 0, mean = 0;
    weight.forEach((w, j) => {
      if (w / sum < 10 * Number.EPSILON) return;
      total += w;
      mean += w * b[j];
    });
    mean /= total;
    const k = shape(mean);
    const kHat = (size * k + 5) / (size + 10);
    return [Number.isNaN(kHat) ? Infinity : kHat, -k / mean];
  };
  const psis = (ratios) => {
    const size = ratios.length, tail = size > 225 ? Math.floor(3 * Math.sqrt(size)) : Math.floor(size / 5);
    const top = ratios.reduce((a, v) => Math.max(a, v), -Infinity);
    const values = ratios.map((v) => v - top);
    const order = [...values.keys()].sort((i, j) => values[i] - values[j]).slice(size - tail - 1);
    const cutoff = Math.max(Math.exp(values[order[0]]), 2.2250738585072014e-308);
    const [k, sigma] = paretoFit(order.slice(1).map((i) => Math.exp(values[i]) - cutoff));
    if (Number.isFinite(k) && Number.isFinite(sigma)) {
      for (let j = 0; j < tail; j++) {
        const at = (j + 0.5) / tail;
        const smooth = Math.log(cutoff + (sigma * Math.expm1(-k * Math.log1p(-at))) / k);
        values[order[j + 1]] = Math.min(smooth, 0);
      }
    }
    const raw = values.map(Math.exp);
    const sum = raw.reduce((a, v) => a + v, 0);
    return [raw.map((v) => v / sum), k];
  };

  const verdict = (published, low, high) => {
    if ((low <= 0 && high >= 0) || published === 0) return "uncertain";
    if (Math.sign(low) !== Math.sign(published)) return "reverses";
    return (published > 0 ? high < published : low > published) ? "shrinks" : "holds";
  };
  const moved = (item, prior) => {
    const z = drawsOf(item), size = z.length, blocks = item.units.length, each = size / blocks;
    const values = item.values || (item.values = z.map((v, i) => v * item.units[Math.floor(i / each)]));
    const [family, ...old] = item.prior, [, ...other] = prior;
    const ratios = Float64Array.from(z, (v) => logDensity[family](v, other) - logDensity[family](v, old));
    const weight = [];
    let kHat = -Infinity;
    for (let start = 0; start < size; start += each) {
      const [own, k] = psis([...ratios.subarray(start, start + each)]);
      weight.push(...own.map((w) => w / blocks));
      kHat = Math.max(kHat, Number.isNaN(k) ? -Infinity : k);
    }
    const order = [...z.keys()].sort((i, j) => values[i] - values[j]);
    let mean = 0, positive = 0, squares = 0, before = 0;
    const middle = [], value = [];
    for (const i of order) {
      const v = values[i], w = weight[i];
      mean += w * v;
      if (v > 0) positive += w;
      squares += w * w;
      middle.push(before + w / 2);
      value.push(v);
      before += w;
    }
    const quantile = (level) => {
      const above = middle.findIndex((m) => m >= level);
      if (above <= 0) return above ? value[size - 1] : value[0];
      const share = (level - middle[above - 1]) / (middle[above] - middle[above - 1]);
      return value[above - 1] + share * (value[above] - value[above - 1]);
    };
    const low = quantile(0.025), high = quantile(0.975), ess = item.ess / (size * squares);
    return {
      mean, low, high, positive, ess, kHat, weight, quantile,
      verdict: item.withheld || verdict(item.published, low, high),
      reliable: ess >= data.limits.ess && kHat <= data.limits.k_hat,
    };
  };

  const number = (value, decimals) => {
    const text = value.toFixed(decimals);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
  };
  const probability = (p) => (p >= 0.9995 ? "> 0.999" : p <= 0.0005 ? "< 0.001" : p.toFixed(3));
  const plain = (value) => String(Number(value.toPrecision(3))).replace("-", "\u2212");
  const written_prior = ([family, ...numbers]) => `${family}(${numbers.map(plain).join(", ")})`;

  const root = one("#explorer"), which = one("#explore-which"), scale = one("#explore-scale"), centre = one("#explore-centre");
  const rest = { scale: data.scales.indexOf(1), centre: data.shifts.indexOf(0) };
  const items = new Map(data.items.map((item) => [item.id, item]));
  for (const item of data.items) {
    let group = all("optgroup", which).find((g) => g.label === item.table);
    if (!group) which.append((group = make("optgroup", { label: item.table })));
    group.append(make("option", { value: item.id }, item.label));
  }
  scale.max = data.scales.length - 1;
  centre.max = data.shifts.length - 1;

  const put = (name, text, raw) => {
    const cell = one(`#explore-${name}`);
    cell.textContent = text;
    if (raw !== undefined) cell.dataset.value = raw;
  };
  const chip = (name, text) => {
    one(`#explore-${name}`).replaceChildren(make("span", { class: `chip ${text.replace(/ /g, "-")}` }, text));
  };
  const fill = (side, item, prior, found, trusted) => {
    put(`prior-${side}`, written_prior(prior));
    put(`mean-${side}`, trusted ? number(found.mean, item.decimals) : "\u2013", found.mean);
    put(`interval-${side}`, trusted ? `[${number(found.low, item.decimals)}, ${number(found.high, item.decimals)}]` : "\u2013",
      `${found.low},${found.high}`);
    put(`positive-${side}`, trusted ? probability(found.positive) : "\u2013", found.positive);
    put(`ess-${side}`, Math.round(found.ess).toLocaleString("en"), found.ess);
    put(`k-${side}`, Number.isFinite(found.kHat) ? number(found.kHat, 2) : found.kHat > 0 ? "\u221e" : "\u2013", found.kHat);
    if (trusted) chip(`verdict-${side}`, found.verdict);
    else put(`verdict-${side}`, "not told");
  };

  const update = () => {
    const item = items.get(which.value);
    const [family, ...numbers] = item.prior;
    const shape = numbers.slice(0, -2), [own, width] = numbers.slice(-2);
    const factor = data.scales[scale.value], shift = data.shifts[centre.value];
    const prior = [family, ...shape, own + shift, width * factor];
    const atRest = factor === 1 && shift === 0;
    const used = { ...moved(item, item.prior), ...item.used };
    const now = atRest ? used : moved(item, prior);
    const named = written_prior(prior);
    scale.setAttribute("aria-valuetext", `scale ${plain(width * factor)}`);
    centre.setAttribute("aria-valuetext", `centre ${plain(own + shift)}`);
    put("scale-now", plain(width * factor));
    put("centre-now", plain(own + shift));
    const ends = [-1, 1].map((side) => number((own + shift + side * item.reach * width * factor) * item.units[0], item.decimals));
    put("meaning", `Before the data: 95% between ${ends[0]} and ${ends[1]} on the paper\u2019s scale. Published: ${number(item.published, Math.max(0, item.decimals - 1))}.`);
    fill("used", item, item.prior, used, true);
    fill("now", item, prior, now, now.reliable);
    root.classList.toggle("refused", !now.reliable);
    const reason = now.ess < data.limits.ess
      ? `only about ${Math.round(now.ess)} of them count, fewer than ${data.limits.ess}`
      : `a few of them decide all (Pareto k\u0302 ${number(now.kHat, 2)}, trusted up to ${data.limits.k_hat})`;
    const ascii = (text) => text.replace(/\u2212/g, "-");
    one("#explore-status").textContent = !now.reliable
      ? `These draws cannot tell what ${named} gives: ${reason}. To compute it: posterity run ${data.study} --only ${item.spec} --prior "slope=${ascii(named)}", which gives that prior to every slope of the column.`
      : atRest
        ? `With the prior as used: ${now.verdict}. Move a slider.`
      : now.verdict === used.verdict
        ? `Under ${named} the verdict stays: ${now.verdict}.`
        : `Under ${named} the verdict changes from ${used.verdict} to ${now.verdict}.`;
    draw(item, prior, used, now);
  };

  const svg = (tag, attributes, text = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const density = (item, found, grid) => {
    const values = item.values;
    const width = Math.min((found.quantile(0.84) - found.quantile(0.16)) / 2, (found.high - found.low) / 3.92);
    const band = Math.max((1.06 * width) / found.ess ** 0.2, Number.MIN_VALUE);
    return grid.map((x) => {
      let sum = 0;
      for (let i = 0; i < values.length; i++) {
        const step = (x - values[i]) / band;
        if (step > -5 && step < 5) sum += found.weight[i] * Math.exp(-0.5 * step * step);
      }
      return sum / band;
    });
  };
  const draw = (item, prior, used, now) => {
    const frame = one("#explore-figure");
    const [W, H, foot] = [frame.clientWidth || 640, 220, 26];
    frame.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const trusted = now.reliable ? [used, now] : [used];
    const ends = [0, item.published, ...trusted.flatMap((f) => [f.quantile(0.002), f.quantile(0.998)])];
    const [first, last] = [Math.min(...ends), Math.max(...ends)], pad = 0.06 * (last - first);
    const [from, to] = [first - pad, last + pad];
    const grid = Array.from({ length: 161 }, (_, i) => from + ((to - from) * i) / 160);
    const X = (v) => ((v - from) / (to - from)) * W;
    const curves = trusted.map((f) => density(item, f, grid));
    const [family, ...other] = prior;
    const beforehand = grid.map((v) => Math.exp(logDensity[family](v / item.units[0], other)));
    const top = Math.max(...curves.flat());
    const path = (heights, highest) =>
      heights.map((h, i) => `${i ? "L" : "M"}${X(grid[i]).toFixed(1)} ${(H - foot - ((H - foot - 14) * h) / highest).toFixed(1)}`).join("");
    const parts = [svg("path", { class: "before", d: `${path(curves[0], top)}L${W} ${H - foot}L0 ${H - foot}Z` })];
    parts.push(svg("path", { class: "prior", d: path(beforehand, 2.2) }));
    if (now.reliable) parts.push(svg("path", { class: "after", d: path(curves[1], top) }));
    parts.push(svg("line", { class: "zero", x1: X(0), x2: X(0), y1: 4, y2: H - foot }));
    const at = X(item.published);
    parts.push(svg("path", { class: "published", d: `M${at} ${H - foot - 7}l6 7l-6 7l-6 -7Z` }));
    const raw = (to - from) / 5, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let v = Math.ceil(from / step) * step; v < to; v += step) {
      parts.push(svg("text", { x: X(v), y: H - 6, "text-anchor": X(v) < 20 ? "start" : X(v) > W - 20 ? "end" : "middle" }, number(v, decimals)));
    }
    const says = now.reliable ? `; now mean ${number(now.mean, item.decimals)}, 95% ${number(now.low, item.decimals)} to ${number(now.high, item.decimals)}` : "; not told under the prior chosen";
    frame.setAttribute("aria-label", `Densities of ${item.label}: as used mean ${number(used.mean, item.decimals)}${says}`);
    frame.replaceChildren(...parts);
  };

  const reset = () => {
    scale.value = rest.scale;
    centre.value = rest.centre;
    update();
  };
  addEventListener("resize", update);
  for (const control of [scale, centre]) control.addEventListener("input", update);
  which.addEventListener("change", reset);
  one("#explore-reset").addEventListener("click", reset);
  for (const item of data.items) {
    const cell = document.getElementById(item.id)?.cells[1];
    if (!cell) continue;
    const button = make("button", { type: "button", class: "try", "aria-label": `Try another prior for ${item.label}` }, "prior");
    button.addEventListener("click", () => {
      which.value = item.id;
      reset();
      reveal(one("#explore"));
      scale.focus({ preventScroll: true });
    });
    cell.append(button);
  }
  root.hidden = false;
  one("#explore-off").hidden = true;
  which.value = data.first;
  reset();
})();
