using GraphQL.Types;

namespace CityHelper.Engine.Schema.Bindings;

/// <summary>
/// How rows are found that may be about the same thing: of one group, near each other in place and time, and alike in words
/// (docs/decisions/0009). The indexes of the finest cells hold the group and the status.
/// </summary>
/// <param name="Access">How the rows are reached; they have a place on the grid and a creation time.</param>
/// <param name="Row">Their GraphQL type.</param>
/// <param name="Group">The column that must be equal, a foreign key.</param>
/// <param name="Groups">The table that it points at.</param>
/// <param name="GroupName">The column there by whose value clients name a group.</param>
/// <param name="Texts">The columns whose words are compared.</param>
/// <param name="Status">The column that tells whether a row is still open.</param>
/// <param name="OpenLabels">Its values of open rows.</param>
/// <param name="CellsAround">SQL of the finest cells around a point, an array, or null where they are too many: of the point and of
/// metres.</param>
/// <param name="KeyOfMoment">SQL of the smallest row key of a moment.</param>
public sealed record Similarity(
    RowAccess Access,
    IObjectGraphType Row,
    string Group,
    EntityMap Groups,
    ColumnMap GroupName,
    IReadOnlyList<string> Texts,
    ColumnMap Status,
    IReadOnlyList<string> OpenLabels,
    Func<string, string, string> CellsAround,
    Func<string, string> KeyOfMoment)
{
    /// <summary>The column of the finest cells.</summary>
    internal string Cell => Access.Grid!.Levels[^1].Column;
}

/// <summary>The rows that are similar to the row itself; for all rows of an answer by one statement.</summary>
/// <param name="By">How they are found.</param>
public sealed record SimilarRowsBinding(Similarity By) : FieldBinding
{
    public const string FirstArgument = ConnectionBinding.FirstArgument;
    public const string MetresArgument = "withinMetres";
    public const string DaysArgument = "withinDays";

    internal override IReadOnlyList<TableRead> Tables => [new(By.Access.Entity.Table)];
}

/// <summary>The rows that are similar to one that is about to be made: still open, or made lately.</summary>
/// <param name="By">How they are found.</param>
/// <param name="Partition">The argument that names the partition.</param>
/// <param name="GroupArgument">The argument that names the group.</param>
/// <param name="GroupUnknown">What the client reads when there is none of that name.</param>
public sealed record SimilarToDraftBinding(
    Similarity By, PartitionArgument Partition, string GroupArgument, Func<string, RequestError> GroupUnknown) : RootBinding
{
    public const string PositionArgument = "location";
    public const string TextArgument = "description";

    internal override IReadOnlyList<TableRead> Tables => [new(By.Access.Entity.Table), new(By.Groups.Table)];
}
