// Browsers keep whole pages in memory for the back button, whatever their headers say.
addEventListener("pageshow", event => event.persisted && location.reload());

for (const time of document.querySelectorAll("time"))
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
