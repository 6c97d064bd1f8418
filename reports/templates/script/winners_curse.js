/* The slider of the winner's curse: every number that it shows was computed beforehand and stands in the page. */
(() => {
  "use strict";
  const holder = document.getElementById("curse-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const slider = document.getElementById("curse-place"), now = document.getElementById("curse-now");
  const count = document.querySelector("#curse-count b");
  const rows = [...document.querySelectorAll("tr[data-curse]")];
  const update = () => {
    const at = Number(slider.value);
    now.textContent = data.places[at];
    slider.setAttribute("aria-valuetext", data.places[at]);
    count.textContent = data.surviving[at];
    for (const row of rows)
      row.querySelectorAll("td.now").forEach((cell, i) => { cell.textContent = data.rows[row.dataset.curse][at][i]; });
  };
  slider.addEventListener("input", update);
  slider.hidden = false;
  update();
})();
