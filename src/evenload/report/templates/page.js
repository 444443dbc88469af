(() => {
  "use strict";
  const root = document.documentElement;
  const make = (name, parent) => parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));
  const set = (node, values) => Object.entries(values).forEach(([key, value]) => node.setAttribute(key, value));
  root.classList.add("js");

  const theme = document.getElementById("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; showTheme(); });
  prefersDark.addEventListener("change", showTheme);
  showTheme();

  const off = new Set();
  document.querySelectorAll("[data-toggle]").forEach((chip) => chip.addEventListener("click", () => {
    const key = chip.dataset.toggle;
    if (!off.delete(key)) off.add(key);
    root.dataset.off = [...off].join(" ");
    document.querySelectorAll(`[data-toggle="${key}"]`).forEach((one) => one.setAttribute("aria-pressed", String(!off.has(key))));
  }));

  const choices = ["load-choice", "behaviour-choice"].map((id) => document.getElementById(id)).filter(Boolean);
  const choose = () => {
    const [load, behaviour] = ["load-choice", "behaviour-choice"].map((id) => document.getElementById(id)?.value);
    const fits = (one) => (load ?? one.dataset.load) === one.dataset.load && (behaviour ?? one.dataset.behaviour) === one.dataset.behaviour;
    const groups = new Map();
    document.querySelectorAll(".case").forEach((one) => groups.set(one.parentNode, [...(groups.get(one.parentNode) ?? []), one]));
    let missing = false;
    groups.forEach((group) => {
      const found = group.find(fits);
      missing ||= !found;
      group.forEach((one) => { one.hidden = one !== (found ?? group[0]); });
    });
    document.getElementById("missing").textContent = missing ? "Not kept for this choice: the reference is shown." : "";
  };
  choices.forEach((one) => one.addEventListener("change", choose));

  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
  const clock = (hour) => `${String(hour % 24).padStart(2, "0")}:00`;

  const lineAt = (read) => ({
    size: [read.x.length, 1],
    find: (x) => [read.x.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(read.x[best] - x) ? i : best), 0), 0],
    draw: (mark, [i]) => set(mark, { class: "cursor", d: `M${read.x[i]} ${read.top}V${read.bottom}` }),
    where: ([i]) => read.x[i],
    title: ([i]) => read.at[i],
    rows: ([i]) => read.series.filter((one) => one.v[i] !== null && !off.has(one.key) && (one.v[i] !== 0 || one.key || one.unit !== "kW"))
      .map((one) => [one.name, `${number(one.v[i])} ${one.unit}`.trim(), one.key]),
  });
  const heatAt = (read) => ({
    size: [24, read.rows.length],
    find: (x, y) => [Math.floor((x - read.left) / read.w), Math.floor((y - read.top) / read.h)],
    draw: (mark, [i, j]) => set(mark, { class: "cell-cursor", d: `M${read.left + i * read.w} ${read.top + j * read.h}h${read.w}v${read.h}h-${read.w}z` }),
    where: ([i]) => read.left + i * read.w,
    title: ([, j]) => read.rows[j],
    rows: ([i, j]) => [[`${clock(read.first + i)}–${clock(read.first + i + 1)}`, read.v[j][i] === null ? "no value" : `${read.v[j][i]} %`, ""]],
  });

  const enliven = (plot, read) => {
    const svg = plot.querySelector("svg");
    const kind = (read.kind === "heat" ? heatAt : lineAt)(read);
    const mark = make("path", svg);
    const box = Object.assign(document.createElement("div"), { className: "readout", hidden: true });
    box.setAttribute("role", "status");
    plot.append(box);
    set(plot, { tabindex: 0, role: "group", "aria-label": `${svg.getAttribute("aria-label")} Arrow keys read values.` });
    let at = [0, 0];
    const within = ([i, j]) => [Math.min(Math.max(i, 0), kind.size[0] - 1), Math.min(Math.max(j, 0), kind.size[1] - 1)];
    const row = ([name, value, key]) => {
      const line = document.createElement("div");
      const [left, right] = [document.createElement("span"), document.createElement("span")];
      left.textContent = name; left.className = key; right.textContent = value;
      line.append(left, right);
      return line;
    };
    const show = (next) => {
      at = within(next);
      kind.draw(mark, at);
      const head = document.createElement("b");
      head.textContent = kind.title(at);
      box.replaceChildren(head, ...kind.rows(at).map(row));
      mark.style.display = "";
      box.hidden = false;
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      const x = kind.where(at) * scale;
      const left = x + 18 + box.offsetWidth > plot.clientWidth ? x - box.offsetWidth - 14 : x + 18;
      box.style.left = `${Math.max(0, Math.min(left, plot.clientWidth - box.offsetWidth))}px`;
    };
    const hide = () => { mark.style.display = "none"; box.hidden = true; };
    svg.addEventListener("pointermove", (event) => {
      const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      show(kind.find(spot.x, spot.y));
    });
    svg.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === "Escape") hide();
      if (!move || (move[1] && kind.size[1] === 1)) return;
      event.preventDefault();
      show(box.hidden ? at : [at[0] + move[0], at[1] + move[1]]);
    });
  };
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
  document.querySelectorAll(".plot > script").forEach((data) => enliven(data.parentNode, JSON.parse(data.textContent)));
})();
