/**
 * Draws the rooms of `src` and the direction of imports. Rooms that may use the room before them form one tower, upwards;
 * the others are beside it. An arrow that follows from two others is left out.
 */

const WIDTH = 800
const LEFT = 20
const TOWER = 400
const SIDE = 480
const HEIGHT = 46
const PITCH = 68
const TOP = 16

/** The contents of each room: the second column of the page's table of rooms. */
export const captionsOf = (page) =>
  new Map(
    [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, room, caption]) => [
      room,
      caption.trim().replaceAll('`', ''),
    ]),
  )

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const box = ({ name, x, y, width }, caption) =>
  `<rect x="${x}" y="${y}" width="${width}" height="${HEIGHT}" rx="6"/>` +
  `<text class="name" x="${x + 12}" y="${y + 19}">${name}</text>` +
  `<text x="${x + 12}" y="${y + 36}">${escaped(caption)}</text>`

const arrow = (path, kind = 'whole') => `<path class="${kind}" marker-end="url(#head)" d="${path}"/>`

const style = `
  text { font: 12.5px system-ui, sans-serif; fill: #1f2328 }
  .name { font-weight: 600; font-size: 15px }
  .note { fill: #6e7781 }
  rect { fill: #eef4fb; stroke: #7d8fa5 }
  path { fill: none; stroke: #7d8fa5; stroke-width: 1.5 }
  .part { stroke-dasharray: 5 4 }
  marker path { fill: #7d8fa5; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note { fill: #9198a1 }
    rect { fill: #1c2733 }
  }
`

/** The place of each room in the picture. The last ones are on top; a room beside the tower is level with the room it follows. */
const placed = (rooms, narrower) => {
  const allowed = new Map(narrower)
  const tower = []
  const beside = []
  for (const room of rooms) {
    const uses = allowed.get(room)
    const under = tower.at(-1)
    if (under === undefined || uses === undefined || uses.includes(under)) tower.push(room)
    else beside.push({ name: room, level: tower.length - 1 })
  }
  const yOf = (level) => TOP + PITCH * (tower.length - 1 - level)
  const [ground, ...others] = tower
  return {
    tower: [
      { name: ground, level: 0, x: LEFT, y: yOf(0), width: WIDTH - 2 * LEFT },
      ...others.map((name, i) => ({ name, level: i + 1, x: LEFT, y: yOf(i + 1), width: TOWER })),
    ],
    // The higher one is wider, so that its arrow to the ground passes the lower one.
    beside: beside.map(({ name, level }, i) => ({
      name,
      level,
      x: SIDE,
      y: yOf(level),
      width: WIDTH - LEFT - SIDE - 30 * (beside.length - 1 - i),
    })),
  }
}

/** The folders of a room that may use more than the room, by the highest room of the tower that they may use. */
const partsOf = (room, narrower, tower) => {
  const folders = narrower.filter(([name]) => name.startsWith(`${room}/`))
  const targets = new Map()
  for (const [name, uses] of folders) {
    const target = tower.findLast((one) => uses.includes(one.name))
    if (target) targets.set(target, [...(targets.get(target) ?? []), name.split('/').at(-1)])
  }
  return targets
}

/** The picture, as SVG for light and dark pages. */
export const drawRooms = (rooms, narrower, captions) => {
  const { tower, beside } = placed(rooms, narrower)
  const [ground] = tower
  const middle = LEFT + TOWER / 2
  const down = tower.slice(1).map(({ y }) => arrow(`M${middle} ${y + HEIGHT}V${y + PITCH - 2}`))
  const aside = beside.flatMap((room) => {
    const above = tower[room.level + 1]
    const edge = room.x + room.width - 15
    return [
      ...(above ? [arrow(`M${LEFT + TOWER} ${above.y + HEIGHT / 2}H${SIDE + 60}V${room.y - 2}`)] : []),
      arrow(`M${edge} ${room.y + HEIGHT}V${ground.y - 2}`),
      ...[...partsOf(room.name, narrower, tower)].flatMap(([{ y }, folders]) => [
        arrow(`M${SIDE + 60} ${room.y + HEIGHT}V${y + HEIGHT / 2}H${LEFT + TOWER + 2}`, 'part'),
        `<text class="note" x="${SIDE + 70}" y="${y + HEIGHT / 2 + 4}">${folders.join(' and ')} only</text>`,
      ]),
    ]
  })
  const boxes = [...tower, ...beside].map((room) => box(room, captions.get(room.name) ?? ''))
  const height = ground.y + HEIGHT + TOP
  const label = `The rooms of src. ${rooms.toReversed().join(', ')}: each imports only rooms after it in this list.`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${label}">`,
    `<style>${style}</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>',
    ...down,
    ...aside,
    ...boxes,
    '</svg>',
    '',
  ].join('\n')
}
