namespace CityHelper.IntegrationTests.Clients;

/// <summary>A table in one of this repository's documents; tests compare the server with it, so that the two agree.</summary>
internal sealed class DocumentTable
{
    private DocumentTable(string[] columns, (string Name, string[] Cells)[] rows)
    {
        Columns = columns;
        Rows = rows;
    }

    /// <summary>The column headings, without the one of the names.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The rows in order; a name may occur twice.</summary>
    public IReadOnlyList<(string Name, string[] Cells)> Rows { get; }

    /// <summary>Reads the table whose first cell has this text.</summary>
    /// <param name="path">The document, from the repository's root.</param>
    /// <param name="firstCell">The heading of the table's first column.</param>
    public static DocumentTable Read(string path, string firstCell)
    {
        string[][] lines =
        [
            .. File.ReadLines(Repository.PathOf(path))
                .SkipWhile(line => !line.StartsWith($"| {firstCell} |", StringComparison.Ordinal))
                .TakeWhile(line => line.StartsWith('|'))
                .Select(line =>
                    line.Trim('|')
                        .Split('|', StringSplitOptions.TrimEntries)
                        .Select(cell => cell.Replace("`", "", StringComparison.Ordinal))
                        .ToArray()),
        ];
        if (lines.Length < 3 || lines.Any(line => line.Length != lines[0].Length))
        {
            throw new InvalidDataException($"{path} has no table `{firstCell}` whose rows are all as long as its head.");
        }

        // The second line is the rule under the headings.
        return new DocumentTable(lines[0][1..], [.. lines.Skip(2).Select(line => (line[0], line[1..]))]);
    }
}
