/** What a newcomer finds in the first tab; it answers on the sample data. */
export const defaultQuery = `# CityHelper explorer: ask for exactly the fields you want, and get them as JSON.
#
#   Run this query     Ctrl-Enter, or the button on the right
#   What could stand   Ctrl-Space, wherever the cursor is
#   All types          the book icon on the left
#
# The three newest service requests of New York:

query NewestRequests {
  serviceRequests(first: 3, city: "nyc") {
    nodes {
      title
      status
      createdAt
      category {
        name
      }
    }
  }
}
`;
