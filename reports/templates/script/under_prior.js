/* A posterior under another prior: draws that the page carries, weighted by the ratio of the two prior densities.
   What is decided comes as data: the form of each family's density, the rule of the verdict, the limits of the
   diagnostics, and by how much the clusters of the rows widen an interval. This file does the sums. */
"use strict";

const underPrior = (data) => {
  /* The log-density of a family, up to a constant, at a slope: -c |z|^p, or -c log(1 + |z|^p / divisor). */
  const logDensity = ([coefficient, power, divisor], centre, scale) => (slope) => {
    const size = Math.abs((slope - centre) / scale) ** power;
    return -coefficient * (divisor === null ? size : Math.log1p(size / divisor));
  };
  const drawsOf = (item) => {
    if (item.z) return item.z;
    const bytes = Uint8Array.from(atob(item.draws), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const [centre, width, reach] = item.frame;
    item.z = Float64Array.from({ length: bytes.length / 2 }, (_, i) => {
      const step = ((view.getUint16(2 * i, true) / data.levels) * 2 - 1) * reach;
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

  /* The first verdict of the claim whose conditions all hold, with the interval seen in the direction of the printed sign. */
  const relations = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
  const verdict = (claim, published, low, high) => {
    const sign = Math.sign(published) || Number(claim === "null");
    const [near, far] = [sign * low, sign * high].sort((a, b) => a - b);
    const points = { low: near, middle: (near + far) / 2, high: far };
    const met = ({ point, relation, times_printed }) => relations[relation](points[point], times_printed * Math.abs(published));
    return data.rule[claim].find(({ when }) => when.every(met)).verdict;
  };

  const moved = (item, prior) => {
    const z = drawsOf(item), size = z.length, blocks = item.units.length, each = size / blocks;
    const values = item.values || (item.values = z.map((v, i) => v * item.units[Math.floor(i / each)]));
    const now = logDensity(item.kernel, ...prior.slice(-2)), used = logDensity(item.kernel, ...item.prior.slice(-2));
    const ratios = Float64Array.from(z, (v) => now(v) - used(v));
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
    const ess = item.ess / (size * squares);
    let [low, high] = [quantile(0.025), quantile(0.975)];
    if (item.widened) {
      const [factor, reach] = item.widened;
      const variance = value.reduce((sum, v, i) => sum + weight[order[i]] * (v - mean) ** 2, 0);
      const half = factor * reach * Math.sqrt(variance);
      [low, high] = [mean - half, mean + half];
    }
    return {
      mean, low, high, positive, ess, kHat, weight, quantile,
      verdict: item.withheld || verdict(item.claim, item.published, low, high),
      reliable: Math.round(ess) >= data.limits.ess && kHat <= data.limits.k_hat,
    };
  };

  return { logDensity, moved };
};
