Redoc.init(
  contract,
  {
    hideDownloadButton: true, // its link would be a copy in JSON; the page links to the file itself
    sortRequiredPropsFirst: true,
    theme: {
      typography: {
        fontFamily: "system-ui, sans-serif",
        headings: { fontFamily: "system-ui, sans-serif" },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  },
  document.getElementById("contract"),
);
