namespace CityHelper.IntegrationTests.Clients;

/// <summary>A table of a document of this repository, which a test holds the server against: so the two cannot differ.</summary>
internal sealed class DocumentTable
{
    private DocumentTable(string[] columns, (string Name, string[] Cells)[] rows)
    {
        Columns = columns;
        Rows = rows;
    }

    /// <summary>The heads of its columns, without that of the rows' names.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Its rows in their order; a name may stand twice.</summary>
    public IReadOnlyList<(string Name, string[] Cells)> Rows { get; }

    /// <summary>Reads the table that begins with a cell.</summary>
    /// <param name="path">The document, from the repository's root.</param>
    /// <param name="firstCell">The head of the table's first column.</param>
    public static DocumentTable Read(string path, string firstCell)
    {
        string[][] lines = [.. File.ReadLines(Repository.PathOf(path))
            .SkipWhile(line => !line.StartsWith($"| {firstCell} |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries).Select(cell => cell.Replace("`", "", StringComparison.Ordinal)).ToArray())];
        if (lines.Length < 3 || lines.Any(line => line.Length != lines[0].Length))
        {
            throw new InvalidDataException($"{path} has no table `{firstCell}` whose rows are all as long as its head.");
        }

        // The second line is the rule under the head.
        return new DocumentTable(lines[0][1..], [.. lines.Skip(2).Select(line => (line[0], line[1..]))]);
    }
}
