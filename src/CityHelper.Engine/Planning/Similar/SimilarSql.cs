using System.Globalization;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Similar;

/// <summary>What a row is compared with, as SQL.</summary>
/// <param name="Point">Its place, a geometry.</param>
/// <param name="Moment">Its time.</param>
/// <param name="Text">Its words, empty without any.</param>
/// <param name="Group">The value of its group.</param>
/// <param name="Cells">The cells around its place.</param>
/// <param name="Low">The smallest key of the days around.</param>
/// <param name="High">The smallest key behind them.</param>
internal sealed record SimilarTo(string Point, string Moment, string Text, string Group, string Cells, string Low, string High);

/// <summary>
/// The rows similar to one: keys from the index of the finest cells, which holds what they are filtered on; place, words and score of those
/// alone. Where cells do not help, at the poles, all rows of the group and the days are looked at.
/// </summary>
/// <param name="similarity">How they are found.</param>
/// <param name="arguments">How many, and how near.</param>
/// <param name="number">Tells the parameters of several such lists in one statement apart.</param>
internal sealed class SimilarSql(Similarity similarity, SimilarArguments arguments, int number)
{
    /// <summary>The column that tells how far apart the two are.</summary>
    public const string Metres = "metres";

    /// <summary>The column of the score.</summary>
    public const string Score = "score";

    private string Key => Entity.RowColumn;

    private EntityMap Entity => similarity.Access.Entity;

    private string Created => similarity.Access.Created!.Column.Name;

    private string Point => similarity.Access.Grid!.Point;

    /// <summary>The best first, then the nearest, then the newest.</summary>
    public string OrderBy(string alias) => $"{alias}.{Score} desc, {alias}.{Metres}, {alias}.{Key} desc";

    /// <summary>The words of a row: empty when it has none.</summary>
    public string TextOf(string alias) => $"concat_ws(' ', {string.Join(", ", similarity.Texts.Select(t => $"nullif({alias}.{t}, '')"))})";

    /// <summary>The radius of a request.</summary>
    public string Radius(StatementBuilder statement) =>
        statement.Parameter(("metres", number), values => StatementBuilder.Double(arguments.MetresOf(values.Variables)));

    /// <summary>The select of the best rows, with their distance and score.</summary>
    /// <param name="statement">Takes the parameters.</param>
    /// <param name="columns">The columns of the rows; the key among them.</param>
    /// <param name="other">What they are compared with.</param>
    /// <param name="condition">A further condition on an index entry under the alias s, with <c>and</c> before it.</param>
    /// <param name="limit">How many.</param>
    public string Sql(StatementBuilder statement, IReadOnlyList<string> columns, SimilarTo other, string condition, string limit)
    {
        string rows = $"{Entity.Table} s where s.{Entity.PartitionColumn} = {statement.Partition()}";
        string[] needed = [.. columns.Union([Created])];
        string conditions = $"s.{similarity.Group} = {other.Group} and s.{Key} >= {other.Low} and s.{Key} < {other.High}{condition}";
        return $"""
            select f.* from (
              select {Columns("h", columns)}, h.{Metres}, {ScoreOf(statement, other)} as {Score} from (
                select s.{Key} from {rows} and s.{similarity.Cell} = any({other.Cells}) and {conditions}
                union all
                select s.{Key} from {rows} and {other.Cells} is null and {conditions} offset 0) k
              cross join lateral (
                select {Columns("s", needed)}, {TextOf("s")} as words, st_distance(s.{Point}::geography, {other.Point}::geography) as {Metres}
                from {rows} and s.{Key} = k.{Key} offset 0) h
              where h.{Metres} <= {Radius(statement)}) f
            order by {OrderBy("f")} limit {limit}
            """;
    }

    /// <summary>
    /// The smallest key of the days around a moment, and the smallest behind them: of milliseconds, because a day of a time zone may have
    /// another length.
    /// </summary>
    public (string Low, string High) KeysAround(StatementBuilder statement, string moment) => (
        similarity.KeyOfMoment($"{moment} - {Ms(statement)} * interval '1 millisecond'"),
        similarity.KeyOfMoment($"{moment} + ({Ms(statement)} + 1) * interval '1 millisecond'"));

    private string Ms(StatementBuilder statement) =>
        statement.Parameter(("ms", number), values => StatementBuilder.Double(arguments.MsOf(values.Variables)));

    private string ScoreOf(StatementBuilder statement, SimilarTo other)
    {
        string near = $"{Number(SimilarityScore.PlaceWeight)} * (1 - h.{Metres} / {Radius(statement)}) + {Number(SimilarityScore.TimeWeight)} * "
            + $"(1 - abs(extract(epoch from h.{Created} - {other.Moment}))::float8 * 1000 / {Ms(statement)})";
        return $"""
            case when h.words = '' or {other.Text} = '' then ({near}) / {Number(SimilarityScore.PlaceWeight + SimilarityScore.TimeWeight)}
                else {near} + {Number(SimilarityScore.TextWeight)} * similarity(h.words, {other.Text})::float8 end
            """;
    }

    private static string Number(double weight) => $"{weight.ToString("0.0", CultureInfo.InvariantCulture)}::float8";

    private static string Columns(string alias, IReadOnlyList<string> columns) => string.Join(", ", columns.Select(c => $"{alias}.{c}"));
}
