/* The slider that moves a prior: what it shows comes from `underPrior`. */
"use strict";

const explore = (data, { one, all, make, reveal }) => {
  const { logDensity, moved } = underPrior(data);

  const number = (value, decimals) => {
    const text = value.toFixed(decimals);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
  };
  const probability = (p) => {
    const text = p.toFixed(3), least = 0.001;
    return Number(text) === 1 ? `> ${1 - least}` : Number(text) === 0 ? `< ${least}` : text;
  };
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
    const reason = Math.round(now.ess) < data.limits.ess
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
    const width = Math.min((found.quantile(0.84) - found.quantile(0.16)) / 2, (found.quantile(0.975) - found.quantile(0.025)) / 3.92);
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
    const [W, H, foot] = [frame.clientWidth || 640, 220, item.widened ? 38 : 26];
    frame.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const trusted = now.reliable ? [used, now] : [used];
    const ends = [0, item.published, ...trusted.flatMap((f) => [f.quantile(0.002), f.quantile(0.998)])];
    if (item.widened) ends.push(...trusted.flatMap((f) => [f.low, f.high]));
    const [first, last] = [Math.min(...ends), Math.max(...ends)], pad = 0.06 * (last - first);
    const [from, to] = [first - pad, last + pad];
    const grid = Array.from({ length: 161 }, (_, i) => from + ((to - from) * i) / 160);
    const X = (v) => ((v - from) / (to - from)) * W;
    const curves = trusted.map((f) => density(item, f, grid));
    const beforehand = grid.map((v) => v / item.units[0]).map(logDensity(item.kernel, ...prior.slice(-2))).map(Math.exp);
    const top = Math.max(...curves.flat());
    const path = (heights, highest) =>
      heights.map((h, i) => `${i ? "L" : "M"}${X(grid[i]).toFixed(1)} ${(H - foot - ((H - foot - 14) * h) / highest).toFixed(1)}`).join("");
    const parts = [svg("path", { class: "before", d: `${path(curves[0], top)}L${W} ${H - foot}L0 ${H - foot}Z` })];
    parts.push(svg("path", { class: "prior", d: path(beforehand, 2.2) }));
    if (now.reliable) parts.push(svg("path", { class: "after", d: path(curves[1], top) }));
    parts.push(svg("line", { class: "zero", x1: X(0), x2: X(0), y1: 4, y2: H - foot }));
    if (item.widened) {
      const judged = (name, f, y) => svg("line", { class: `${name} judged`, x1: X(f.low), x2: X(f.high), y1: y, y2: y });
      parts.push(judged("before", used, H - foot + 6));
      if (now.reliable) parts.push(judged("after", now, H - foot + 12));
    }
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
};
