// The live page: reads /v1/stream with a key or the cookie of a login, and draws what it tells. No other request.

const MINUTE = 60e3, HOUR = 60 * MINUTE, SAMPLE = 5 * MINUTE
const PAST = 16 * HOUR, SPAN = 24 * HOUR
const KEY = 'evenload-key', SHOWN_DECISIONS = 8
const $ = id => document.getElementById(id)
const page = {key: takeKey(), state: null, history: [], zone: 'UTC', phase: '', drawn: new Map()}

function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get('key')
  if (given) {
    sessionStorage.setItem(KEY, given)
    history.replaceState(null, '', location.pathname)
  }
  return given || sessionStorage.getItem(KEY)
}

// words

const number = (value, digits = 0) =>
  value.toLocaleString('en-GB', {minimumFractionDigits: digits, maximumFractionDigits: digits})
const kw = value => value == null ? '–' : `${number(value, Math.abs(value) < 100 ? 1 : 0)} kW`
const clock = (at, options = {hour: '2-digit', minute: '2-digit'}) =>
  new Intl.DateTimeFormat('en-GB', {timeZone: page.zone, ...options}).format(at)
const day = at => clock(at, {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'})
function lasts(ms) {
  const minutes = Math.max(0, Math.round(ms / MINUTE))
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
const MARKS = {
  late: 'will be short', overdue: 'should be gone', opted_out: 'opted out', boosted: 'boosted', offline: 'offline',
  stale: 'meter silent', disobedient: 'does not obey', unmanaged: 'not managed'
}

/** A reason of many steps, from what holds now to how it ends. */
function brief(why) {
  const parts = why.split('; ')
  return parts.length > 2 ? `${parts[0]}; … ${parts[parts.length - 1]}` : why
}

// elements

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  return fill(element, attributes, children)
}
function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
/** Replace what an element holds, unless it was made of the same: a reader's place and selection stay. */
function show(id, source, children) {
  const text = JSON.stringify(source)
  if (page.drawn.get(id) === text) return
  page.drawn.set(id, text)
  $(id).replaceChildren(...children())
}

// the parts

function showHead(state) {
  const now = new Date(state.now), town = state.extra.town
  $('clock').textContent = day(now)
  $('pace').textContent = town
    ? `day ${town.day}, ${number(town.speed)}× as fast as the world` +
      (town.slowed ? `, slowed from ${number(town.speed_wanted)}× to keep up` : '') +
      (town.linked ? `; ${town.cloud_cars} of ${town.linked} cars reached by cloud are plugged in` : '')
    : ''
  $('faults').hidden = !state.faults.length
  show('faults', state.faults, () => [make('ul', {}, ...state.faults.map(one => make('li', {}, one)))])
}

function showEvent(state) {
  const now = new Date(state.now)
  const soon = state.limits.filter(one => new Date(one.start) - now < 12 * HOUR).slice(0, 3)
  $('event').hidden = !soon.length
  $('event').classList.toggle('holds', soon.some(one => one.holds))
  $('event').replaceChildren(...soon.map(one => {
    const start = new Date(one.start), end = new Date(one.end)
    return make('p', {},
      make('strong', {}, `${one.holds ? '▼ In force' : '▽ Next'}: ${one.node} at most ${kw(one.limit_kw)}`),
      make('span', {}, `${clock(start)} to ${clock(end)}`), make('span', {class: 'muted'}, one.reason),
      make('span', {class: 'when'}, one.holds ? `ends in ${lasts(end - now)}` : `begins in ${lasts(start - now)}`))
  }))
  const phase = soon.map(one => `${one.limit_id}${one.holds}`).join()
  if (phase !== page.phase) {
    const first = soon[0]
    $('news').textContent = !first ? (page.phase ? 'The posted limit is over.' : '')
      : `Limit on ${first.node}, ${kw(first.limit_kw)}, ${first.holds ? 'is in force until' : 'from'} ` +
        clock(new Date(first.holds ? first.end : first.start))
    page.phase = phase
  }
}

const headOf = state => state.circuits.find(one => one.node === state.head)
const unmanagedOf = (state, head) =>
  state.extra.unmanaged_ev_kw == null ? null : (head.base_kw || 0) + state.extra.unmanaged_ev_kw

function showFigures(state) {
  const head = headOf(state)
  if (!head) return
  const unmanaged = unmanagedOf(state, head), {price, cars} = state
  const share = head.limit_kw ? head.load_kw / head.limit_kw : null
  const rows = [
    [`load of ${head.node}`, kw(head.load_kw), share == null ? 'no limit' :
      `${number(100 * share)} % of ${kw(head.limit_kw)}${head.posted ? ', posted' : ''}`, share > 1],
    ['cars draw', kw(head.ev_kw), `${cars.charging} of ${cars.plugged_in} charge`],
    ...(unmanaged == null ? [] : [['unmanaged it would be', kw(unmanaged), head.limit_kw && unmanaged > head.limit_kw
      ? `▲ ${kw(unmanaged - head.limit_kw)} over the limit` : 'within the limit']]),
    ...(price.price_per_kwh == null ? [] : [[`price, ${price.currency} per kWh`, number(price.price_per_kwh, 3),
      price.carbon_g_per_kwh == null ? '' : `carbon ${number(price.carbon_g_per_kwh)} g per kWh`]])
  ]
  show('figures', rows, () => rows.map(([name, big, small, over]) => make('div', over ? {class: 'over'} : {},
    make('dt', {}, name),
    make('dd', {}, make('span', {class: 'big'}, (over ? '▲ ' : '') + big), make('span', {class: 'muted'}, small)))))
}

function level(share) {
  return share > 1.0005 ? 3 : share >= 0.9 ? 2 : share >= 0.7 ? 1 : 0
}

function showTiles(state) {
  const limited = state.circuits.filter(one => one.node !== state.head && one.limit_kw != null)
  const kinds = new Map()
  for (const one of limited) {
    const kind = one.kind === 'site' ? 'Sites with a limit' : `${one.kind[0].toUpperCase()}${one.kind.slice(1)}s`
    kinds.set(kind, [...(kinds.get(kind) || []), one])
  }
  const rows = limited.map(one => ({...one, share: one.limit_kw > 0 ? one.load_kw / one.limit_kw : 2}))
  const over = rows.filter(one => level(one.share) === 3)
  const worst = rows.reduce((most, one) => !most || one.share > most.share ? one : most, null)
  $('feeder-title').textContent = [...kinds.keys()][0] || 'Circuits'
  $('feeder-words').textContent = !worst ? 'No circuit has a limit.' : (over.length
    ? `▲ ${over.map(one => one.node).join(', ')} above the limit.` : `All ${rows.length} are within their limits.`) +
    ` The most loaded is ${worst.node} at ${number(100 * worst.share)} %: ${kw(worst.load_kw)} of ${kw(worst.limit_kw)},` +
    ` ${kw(worst.ev_kw)} of it cars.`
  if (page.drawn.get('tiles') !== limited.map(one => one.node).join()) buildTiles(kinds, limited)
  for (const one of rows) placeTile(one)
}

function buildTiles(kinds, limited) {
  page.drawn.set('tiles', limited.map(one => one.node).join())
  $('tiles').replaceChildren(...[...kinds].flatMap(([kind, members], place) => [
    ...(place ? [make('h3', {class: 'group'}, kind)] : []),
    make('ul', {class: 'tiles', 'aria-label': kind}, ...members.map(one => make('li', {class: 'tile', 'data-node': one.node},
      make('span', {class: 'name'}, make('span', {}, one.node), make('span', {class: 'flag'})),
      make('span', {class: 'share'}), make('span', {class: 'bar', 'aria-hidden': 'true'}, make('i')))))
  ]))
}

function placeTile(one) {
  const tile = document.querySelector(`[data-node="${CSS.escape(one.node)}"]`)
  tile.className = `tile l${level(one.share)}`
  tile.title = `${one.node}: ${kw(one.load_kw)} of ${kw(one.limit_kw)}; cars ${kw(one.ev_kw)}`
  tile.querySelector('.share').textContent = `${number(100 * one.share)} %`
  tile.querySelector('.flag').textContent = level(one.share) === 3 ? '▲ over' : one.posted ? '▼' : ''
  tile.querySelector('i').style.transform = `scaleX(${Math.min(1, Math.max(0, one.share))})`
}

function showCars(state) {
  const {cars, devices} = state
  const away = Object.entries(devices).filter(([trust, count]) => trust !== 'controlled' && count)
  const counts = [
    ['', cars.plugged_in, 'plugged in'], ['part', cars.charging, '● charging'], ['part', cars.waiting, '◌ waiting'],
    ['part', cars.full, '○ full'], ['part', cars.late, 'will be short'], ['part', cars.opted_out, 'opted out'],
    ['part', cars.boosted, 'boosted'], ...Object.entries(cars.uncontrolled).map(([why, count]) => ['part', count, MARKS[why]]),
    ...(away.length ? [['part', away.reduce((sum, [, count]) => sum + count, 0), 'stations not controlled now']] : [])
  ].filter(([, count, name]) => count || ['plugged in', '● charging', '◌ waiting', '○ full'].includes(name))
  show('counts', counts, () => counts.map(([kind, count, name]) =>
    make('li', kind ? {class: kind} : {}, make('b', {}, number(count)), ` ${name}`)))
  const body = document.querySelector('#cars tbody'), text = JSON.stringify(cars.noted)
  if (page.drawn.get('noted') === text) return
  page.drawn.set('noted', text)
  body.replaceChildren(...cars.noted.map(carRow))
}

function carRow(one) {
  const symbol = {charging: '●', waiting: '◌', full: '○'}[one.state]
  const marks = one.marks.map(mark => make('span', {class: `mark ${mark}`},
    mark === 'late' ? `short by ${number(one.lacking_kwh, 1)} kWh` : MARKS[mark] || mark))
  return make('tr', {},
    make('th', {scope: 'row'}, one.device_id),
    make('td', {}, `${symbol} ${one.state}`, ...marks),
    make('td', {class: 'n', 'data-label': 'Power'}, `${number(one.power_kw, 1)} kW`),
    make('td', {class: 'n', 'data-label': 'Energy'},
      `${number(one.energy_kwh_delivered, 1)} of ${number(one.energy_kwh, 1)} kWh`),
    make('td', {class: 'n', 'data-label': 'Leaves'}, day(new Date(one.departs_at)).replace(/ \w+,/, '')),
    make('td', {class: 'why', title: one.why}, brief(one.why)))
}

function showPlan(state) {
  const {plan} = state
  if (!plan) return
  const ahead = plan.overloads.length
    ? ` ▲ Expected above the limit whatever is planned: ${plan.overloads.map(one =>
      `${one.node} by ${kw(one.kw_over)} at ${clock(new Date(one.at))}`).slice(0, 3).join(', ')}.` : ''
  $('plan').textContent = `Plan of ${clock(new Date(plan.made_at))} for ${plan.sessions} cars, made in ` +
    `${number(plan.seconds, 2)} s: ${plan.told} told, ${plan.kept} keep what they have; at most ` +
    `${number(100 * Math.max(plan.gap, 0), 2)} % dearer than the best there can be.${ahead}`
}

function showDecisions(rows) {
  const last = rows.slice(0, SHOWN_DECISIONS)
  show('decisions', last.map(one => one.number), () => last.map(one => make('li', {},
    make('p', {class: 'head'}, make('span', {}, clock(new Date(one.at))), make('b', {}, one.device_id),
      make('span', {class: 'muted'}, one.kind), make('span', {class: 'kw'}, one.power_kw == null ? '' : kw(one.power_kw))),
    make('p', {class: 'why', title: one.why}, brief(one.why)))))
}

function showDay(state) {
  const told = state.extra.last_day
  $('day').hidden = !told
  if (!told || page.drawn.get('day') === told.title) return
  page.drawn.set('day', told.title)
  document.querySelector('#day-table caption').textContent = told.title
  document.querySelector('#day-table tbody').replaceChildren(...told.rows.map(([name, left, right]) =>
    make('tr', {}, make('th', {scope: 'row'}, name.trim()), make('td', {class: 'n'}, left), make('td', {class: 'n'}, right))))
}

// the chart

const sampleOf = (state, head) => ({
  at: +new Date(state.now), load: head.load_kw, ev: head.ev_kw, limit: head.limit_kw,
  price: state.price.price_per_kwh, unmanaged: unmanagedOf(state, head)
})

function keepSample(state) {
  const head = headOf(state)
  if (!head) return
  const sample = sampleOf(state, head), kept = page.history
  const before = kept[kept.length - 2]
  // the last one is always now; it stays when it is old enough to stand for itself
  if (kept.length && (!before || kept[kept.length - 1].at - before.at < SAMPLE * 0.8)) kept.pop()
  kept.push(sample)
  while (kept.length > 600) kept.shift()
}

function stepsAhead(state, now) {
  const {ahead} = state
  if (!ahead) return []
  const start = +new Date(ahead.start), step = ahead.step_minutes * MINUTE
  return ahead.load_kw.map((load, n) => ({
    at: start + n * step, until: start + (n + 1) * step, load, limit: ahead.limit_kw[n], price: ahead.price_per_kwh[n]
  })).filter(one => one.until > now)
}

function ticksOf(top) {
  const rough = top / 4, power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(one => one * power).find(one => one >= rough)
  return Array.from({length: Math.ceil(top / step) + 1}, (_, n) => n * step)
}

const path = points => points.length ? `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join('L')}` : ''

function showChart(state) {
  const width = $('plot').clientWidth, now = +new Date(state.now)
  if (!width || !page.history.length) return
  const first = Math.max(page.history[0].at, now - PAST), begin = first - first % HOUR, end = begin + SPAN
  const past = page.history.filter(one => one.at >= begin), coming = stepsAhead(state, now).filter(one => one.at < end)
  const top = 1.06 * Math.max(1, ...past.flatMap(one => [one.load, one.unmanaged || 0, one.limit || 0]),
    ...coming.flatMap(one => [one.load, one.limit || 0]))
  const ticks = ticksOf(top), high = ticks[ticks.length - 1]
  const box = {left: 46, right: width - 10, top: 22, bottom: 248, strip: 268, foot: 306}
  const x = at => box.left + (box.right - box.left) * (Math.min(Math.max(at, begin), end) - begin) / SPAN
  const y = value => box.bottom - (box.bottom - box.top) * Math.max(0, value) / high
  const chart = draw('svg', {viewBox: `0 0 ${width} 330`, height: 330, role: 'img', 'aria-labelledby': 'plot-words'})
  chart.append(...axes(begin, end, ticks, box, x, y, width), ...events(state, begin, end, box, x))
  chart.append(...areas(past, x, y), ...lines(past, coming, now, x, y), ...strip(past, coming, now, end, box, x, width))
  const last = past[past.length - 1]
  chart.append(
    draw('line', {class: 'now', x1: x(now), x2: x(now), y1: box.top, y2: box.foot}),
    draw('circle', {class: 'dot', cx: x(now), cy: y(last.load), r: 5}))
  $('plot').replaceChildren(chart, ...(page.pointer == null ? [] : readout(chart, past, coming, begin, box, x)))
  $('plot-words').textContent = `Chart: the load of ${state.head} is ${kw(last.load)} now` +
    (last.limit == null ? '' : `, its limit ${kw(last.limit)}`) +
    (last.unmanaged == null ? '' : `; unmanaged it would be ${kw(last.unmanaged)}`) +
    `. Highest so far ${kw(Math.max(...past.map(one => one.load)))}.`
}

function axes(begin, end, ticks, box, x, y, width) {
  const every = width < 560 ? 6 : 3, marks = []
  for (let at = begin; at <= end; at += HOUR) {
    const hour = +clock(at, {hour: '2-digit', hourCycle: 'h23'})
    if (hour % every) continue
    marks.push(draw('line', {class: 'grid', x1: x(at), x2: x(at), y1: box.top, y2: box.bottom}))
    if (x(at) < width - 24) marks.push(draw('text', {x: x(at), y: box.foot + 16, 'text-anchor': 'middle'},
      `${String(hour).padStart(2, '0')}:00`))
  }
  return [...marks, ...ticks.flatMap(value => [
    draw('line', {class: value ? 'grid' : 'axis', x1: box.left, x2: box.right, y1: y(value), y2: y(value)}),
    draw('text', {x: box.left - 6, y: y(value) + 4, 'text-anchor': 'end'}, number(value, value % 1 ? 1 : 0))]),
    draw('text', {x: box.left - 6, y: y(ticks[ticks.length - 1]) - 12, 'text-anchor': 'end'}, 'kW')]
}

function events(state, begin, end, box, x) {
  return state.limits.filter(one => one.node === state.head).map(one => [+new Date(one.start), +new Date(one.end)])
    .filter(([start, stop]) => stop > begin && start < end)
    .map(([start, stop]) => draw('rect', {class: 'event-span', x: x(start), width: x(stop) - x(start), y: box.top,
      height: box.bottom - box.top}))
}

function areas(past, x, y) {
  const down = past.map(one => [x(one.at), y(0)]).reverse()
  const base = past.map(one => [x(one.at), y(one.load - one.ev)]), load = past.map(one => [x(one.at), y(one.load)])
  return [draw('path', {class: 'base', d: `${path([...base, ...down])}Z`}),
    draw('path', {class: 'ev', d: `${path([...load, ...base.slice().reverse()])}Z`}),
    draw('path', {class: 'load', d: path(load)})]
}

function lines(past, coming, now, x, y) {
  const told = past.filter(one => one.unmanaged != null).map(one => [x(one.at), y(one.unmanaged)])
  const last = past[past.length - 1]
  const planned = [[x(now), y(last.load)], ...coming.slice(1).map(one => [x((one.at + one.until) / 2), y(one.load)])]
  const held = past.filter(one => one.limit != null)
  const limit = held.flatMap((one, n) => [[x(one.at), y(one.limit)], [x(held[n + 1] ? held[n + 1].at : now), y(one.limit)]])
  const next = coming.filter(one => one.limit != null)
    .flatMap(one => [[x(Math.max(one.at, now)), y(one.limit)], [x(one.until), y(one.limit)]])
  return [draw('path', {class: 'ahead', d: path(planned)}), draw('path', {class: 'unmanaged', d: path(told)}),
    draw('path', {class: 'limit', d: path(limit)}), draw('path', {class: 'limit coming', d: path(next)})]
}

function strip(past, coming, now, end, box, x, width) {
  const priced = [
    ...past.map((one, n) => ({at: one.at, until: past[n + 1] ? past[n + 1].at : now, price: one.price})),
    ...coming.map(one => ({...one, at: Math.max(one.at, now), coming: true}))].filter(one => one.price != null)
  if (!priced.length) return []
  const high = Math.max(...priced.map(one => one.price), 1e-6), tall = box.foot - box.strip
  const dearest = priced.reduce((most, one) => one.price > most.price ? one : most)
  return [...priced.map(one => {
    const height = Math.max(1, tall * Math.max(0, one.price) / high)
    return draw('rect', {class: one.coming ? 'price coming' : 'price', x: x(one.at), y: box.foot - height, height,
      width: Math.max(0, x(Math.min(one.until, end)) - x(one.at)) + 0.3})
  }),
  draw('line', {class: 'axis', x1: box.left, x2: box.right, y1: box.foot, y2: box.foot}),
  draw('text', {x: box.left - 6, y: box.foot - 2, 'text-anchor': 'end'}, 'price'),
  draw('text', {class: 'strong', x: Math.min(Math.max(x(dearest.at), box.left + 16), width - 24), y: box.strip - 3,
    'text-anchor': 'middle'}, number(dearest.price, 2))]
}

function readout(chart, past, coming, begin, box, x) {
  const at = begin + SPAN * (page.pointer - box.left) / (box.right - box.left)
  const rows = [...past, ...coming.slice(1)]
  const near = rows.reduce((best, one) => !best || Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best, null)
  if (!near || at < begin) return []
  chart.append(draw('line', {class: 'cursor', x1: x(near.at), x2: x(near.at), y1: box.top, y2: box.foot}))
  const said = [[near.ev == null ? 'planned' : 'load', near.load], ['of it cars', near.ev], ['unmanaged', near.unmanaged],
    ['limit', near.limit]].filter(([, value]) => value != null)
  const words = make('div', {class: 'readout'}, make('b', {}, clock(near.at)),
    ...said.map(([name, value]) => make('div', {}, make('span', {}, name), make('span', {}, kw(value)))),
    ...(near.price == null ? [] : [make('div', {}, make('span', {}, 'price'), make('span', {}, number(near.price, 3)))]))
  const left = x(near.at)
  words.style.left = left > box.right / 2 ? 'auto' : `${left + 12}px`
  words.style.right = left > box.right / 2 ? `${box.right + 10 - left + 12}px` : 'auto'
  return [words]
}

// legends, once

function legends(unmanaged) {
  if (page.drawn.get('legend') === unmanaged) return
  page.drawn.set('legend', unmanaged)
  const rows = [['load', 'load, metered cars on expected base load'], ['base', 'base load'], ['ev', 'cars'],
    ['limit', 'limit, posted ones counted'], ['ahead', 'planned'],
    ...(unmanaged ? [['unmanaged', 'if nobody managed the cars']] : [])]
  $('legend').replaceChildren(...rows.map(([kind, name]) => make('li', {}, draw('svg', {width: 26, height: 10,
    'aria-hidden': 'true'}, kind === 'base' || kind === 'ev' ? draw('rect', {class: kind, width: 26, height: 10})
    : draw('path', {class: kind, d: 'M1,5H25'})), name)))
  const scale = ['below 70 %', '70 to 90 %', '90 to 100 %', '▲ over the limit']
  $('scale').replaceChildren(...scale.map((name, n) => make('li', {}, make('span', {class: `swatch l${n}`}), name)))
}

function showAll() {
  const {state} = page
  if (!state) return
  page.zone = state.timezone
  legends(state.extra.unmanaged_ev_kw != null)
  for (const part of [showHead, showEvent, showFigures, showChart, showTiles, showCars, showPlan, showDay]) part(state)
}

// the line to the server

const asked = () => ({headers: page.key ? {Authorization: `Bearer ${page.key}`} : {}, cache: 'no-store'})

function lineIs(on, words) {
  $('line').textContent = words
  $('line').className = on ? 'line-state on' : 'line-state'
}

async function readHistory() {
  const answer = await fetch('/v1/state/history', asked())
  if (!answer.ok) return
  const told = await answer.json()
  page.history = told.at.map((at, n) => ({
    at: +new Date(at), load: told.load_kw[n], ev: told.ev_kw[n], limit: told.limit_kw[n], price: told.price_per_kwh[n],
    unmanaged: told.unmanaged_kw[n]
  }))
}

function heed(frame) {
  const fields = Object.fromEntries(frame.split('\n').filter(line => !line.startsWith(':')).map(line => {
    const place = line.indexOf(':')
    return [line.slice(0, place), line.slice(place + 1).trimStart()]
  }))
  if (!fields.data) return
  const data = JSON.parse(fields.data)
  if (fields.event === 'decisions') showDecisions(data.decisions)
  if (fields.event === 'state' && data.state) {
    page.state = data.state
    keepSample(data.state)
    showAll()
  }
}

/** Follow the stream until it ends; whether whoever looks may. */
async function follow() {
  const answer = await fetch('/v1/stream?topics=state,decisions', asked())
  if (answer.status === 401 || answer.status === 403) return false
  if (!answer.ok) throw new Error(`status ${answer.status}`)
  await readHistory()
  $('door').hidden = true
  lineIs(true, 'live')
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const {value, done} = await reader.read()
    if (done) return true
    text += value
    const frames = text.split('\n\n')
    text = frames.pop()
    frames.forEach(heed)
  }
}

async function stay() {
  for (;;) {
    try {
      if (!await follow()) {
        lineIs(false, 'not let in')
        $('door').hidden = false
        if (page.key) $('door-why').textContent = 'The server does not know this key.'
        return
      }
    } catch (error) {
      lineIs(false, 'no answer; trying again')
    }
    await new Promise(done => setTimeout(done, 2000))
  }
}

$('door').addEventListener('submit', event => {
  event.preventDefault()
  page.key = $('key').value.trim()
  sessionStorage.setItem(KEY, page.key)
  lineIs(false, 'connecting')
  stay()
})
$('plot').addEventListener('pointermove', event => {
  page.pointer = event.clientX - $('plot').getBoundingClientRect().left
  if (page.state) showChart(page.state)
})
$('plot').addEventListener('pointerleave', () => {
  page.pointer = null
  if (page.state) showChart(page.state)
})
new ResizeObserver(() => page.state && showChart(page.state)).observe($('plot'))
stay()
