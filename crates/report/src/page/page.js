// Zooms the swim lanes and moves the focus inside them; nothing else needs it.
'use strict';
(() => {
  document.documentElement.classList.add('scripted');
  openTarget();
  addEventListener('hashchange', openTarget);
  openForPrint();
  const scroll = document.querySelector('.scroll');
  if (scroll) {
    zooming(scroll);
    roving(scroll);
  }

  // What a link leads to is opened.
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let box = target; box; box = box.parentElement) {
      if (box.tagName === 'DETAILS') box.open = true;
    }
  }

  function openForPrint() {
    let closed = [];
    addEventListener('beforeprint', () => {
      closed = [...document.querySelectorAll('details:not([open])')];
      for (const box of closed) box.open = true;
    });
    addEventListener('afterprint', () => {
      for (const box of closed) box.open = false;
    });
  }

  function zooming(scroll) {
    const lanes = scroll.querySelector('.lanes');
    const name = () => lanes.querySelector('.name').offsetWidth;
    let zoom = 1;
    // The moment under `x` stays where it is.
    function to(wanted, x = name() + (scroll.clientWidth - name()) / 2) {
      const track = lanes.clientWidth - name();
      const share = (scroll.scrollLeft + x - name()) / track;
      zoom = Math.min(64, Math.max(1, wanted));
      lanes.style.setProperty('--zoom', zoom);
      lanes.classList.toggle('near', zoom >= 4);
      scroll.scrollLeft = share * (lanes.clientWidth - name()) - x + name();
    }
    const steps = { in: () => to(zoom * 2), out: () => to(zoom / 2), fit: () => to(1) };
    for (const button of document.querySelectorAll('[data-zoom]')) {
      button.addEventListener('click', steps[button.dataset.zoom]);
    }
    scroll.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      to(zoom * Math.exp(-event.deltaY / 200), event.clientX - scroll.getBoundingClientRect().left);
    }, { passive: false });
    scroll.addEventListener('keydown', (event) => {
      const keys = { '+': steps.in, '=': steps.in, '-': steps.out, 0: steps.fit };
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
      document.activeElement.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
    dragging(scroll);
  }

  function dragging(scroll) {
    let from = null;
    let moved = false;
    scroll.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'mouse' && event.button === 0) from = { x: event.clientX, left: scroll.scrollLeft };
      moved = false;
    });
    addEventListener('pointermove', (event) => {
      if (!from) return;
      moved = moved || Math.abs(event.clientX - from.x) > 4;
      if (moved) scroll.scrollLeft = from.left - (event.clientX - from.x);
    });
    addEventListener('pointerup', () => { from = null; });
    scroll.addEventListener('dragstart', (event) => event.preventDefault());
    scroll.addEventListener('click', (event) => { if (moved) event.preventDefault(); }, true);
  }

  // One stop for Tab; arrows go on from there: sideways in time, up and down
  // to the nearest moment of another lane.
  function roving(scroll) {
    const told = document.getElementById('told');
    const rows = [...scroll.querySelectorAll('.row')]
      .map((row) => [...row.querySelectorAll('.stop')].sort((one, other) => left(one) - left(other)))
      .filter((stops) => stops.length);
    const all = rows.flat();
    for (const stop of all) {
      stop.tabIndex = -1;
      stop.addEventListener('focus', () => {
        for (const other of all) other.tabIndex = -1;
        stop.tabIndex = 0;
        told.textContent = stop.getAttribute('aria-label');
      });
      stop.addEventListener('pointerenter', () => { told.textContent = stop.getAttribute('aria-label'); });
    }
    if (all.length) all[0].tabIndex = 0;
    scroll.tabIndex = -1;
    scroll.addEventListener('keydown', (event) => {
      const row = rows.findIndex((stops) => stops.includes(document.activeElement));
      if (row < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
      const next = neighbour(rows, row, rows[row].indexOf(document.activeElement), event.key);
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
  }

  function neighbour(rows, row, at, key) {
    const stops = rows[row];
    switch (key) {
      case 'ArrowRight': return stops[at + 1];
      case 'ArrowLeft': return stops[at - 1];
      case 'Home': return stops[0];
      case 'End': return stops[stops.length - 1];
      case 'ArrowDown': return nearest(rows[row + 1], left(stops[at]));
      case 'ArrowUp': return nearest(rows[row - 1], left(stops[at]));
      default: return undefined;
    }
  }

  function nearest(stops, wanted) {
    if (!stops) return undefined;
    return stops.reduce((best, stop) => (Math.abs(left(stop) - wanted) < Math.abs(left(best) - wanted) ? stop : best));
  }

  function left(stop) {
    return parseFloat(stop.style.left) || 0;
  }
})();
