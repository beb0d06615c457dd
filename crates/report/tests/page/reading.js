// What a person sees of the page, as functions for the test.
window.seen = {
  texts: (selector) => [...document.querySelectorAll(selector)].map((it) => it.textContent.trim()),

  // The lines below a node, up to the next one.
  lane(node) {
    const rows = [...document.querySelectorAll('.row')];
    const first = rows.findIndex((row) => row.matches('.node') && row.querySelector('b').textContent === node);
    const names = [];
    for (const row of rows.slice(first + 1)) {
      if (row.matches('.node')) break;
      names.push(row.querySelector('.name').textContent.trim());
    }
    return names;
  },

  row: (name) => [...document.querySelectorAll('.row')].find((row) => row.querySelector('.name').textContent.endsWith(name)),
  lives: (name) => [...seen.row(name).querySelectorAll('.life')],
  marks: (name) => [...seen.row(name).querySelectorAll('.glyph')].map((it) => {
    const [, what] = it.getAttribute('aria-label').match(/s: (.*) \([^(]*\)$/);
    return `${it.textContent} ${what}`;
  }),

  visible(element) {
    const box = element?.getBoundingClientRect();
    return Boolean(box && box.width > 0 && box.height > 0 && element.checkVisibility());
  },

  // Texts whose contrast is below WCAG's 4.5, or 3 where they are large.
  pale() {
    const found = new Set();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || ['SCRIPT', 'STYLE'].includes(element.tagName) || !seen.visible(element)) continue;
      const style = getComputedStyle(element);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      const ratio = contrast(over(parse(style.color), ground(element)), ground(element));
      if (ratio < (large ? 3 : 4.5)) found.add(`${element.className || element.tagName}: ${texts.currentNode.data.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
    }
    return [...found];

    function parse(color) {
      const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
      return { r, g, b, a };
    }
    function over(top, below) {
      const mix = (one, other) => one * top.a + other * (1 - top.a);
      return { r: mix(top.r, below.r), g: mix(top.g, below.g), b: mix(top.b, below.b), a: 1 };
    }
    function ground(element) {
      const layers = [];
      for (let it = element; it; it = it.parentElement) layers.push(parse(getComputedStyle(it).backgroundColor));
      const dark = matchMedia('(prefers-color-scheme: dark)').matches && !matchMedia('print').matches;
      const paper = dark ? { r: 0, g: 0, b: 0, a: 1 } : { r: 255, g: 255, b: 255, a: 1 };
      return layers.reverse().reduce((below, layer) => over(layer, below), paper);
    }
    function contrast(one, other) {
      const light = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((it) => it / 255).map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
      };
      const [high, low] = [light(one), light(other)].sort((x, y) => y - x);
      return (high + 0.05) / (low + 0.05);
    }
  },
};
