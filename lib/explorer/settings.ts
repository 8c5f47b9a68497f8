// How much of the machine a reader of the explorer may take, and what they may not do at all.

/** What both lines of Datasette know by these names. */
export const safeSettings = {
  // Questions have names here. A query that anybody types can take every page of a database through the memory.
  default_allow_sql: false,
  allow_download: false,
  // Without a limit of rows; what is left is CSV of one page.
  allow_csv_stream: false,
  sql_time_limit_ms: 3000,
  num_sql_threads: 2,
  max_returned_rows: 1000,
  // On a phone a row is as high as it has columns.
  default_page_size: 20,
  facet_time_limit_ms: 500,
  default_facet_size: 20,
  // Each suggestion is a query over the whole table, with every page that somebody looks at.
  suggest_facets: false,
  truncate_cells_html: 400,
  // What is shown is as it is now.
  default_cache_ttl: 0,
  trace_debug: false,
  template_debug: false,
} as const;

/** What only the line to come can, and is not to do. */
export const settingsOfTheNext = { ...safeSettings, allow_signed_tokens: false } as const;
