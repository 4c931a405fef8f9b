using System.Globalization;
using CityHelper.Engine.Schema;
using CityHelper.Engine.Schema.Bindings;

namespace CityHelper.Engine.Planning.Similar;

/// <summary>What a row is compared with, as SQL.</summary>
/// <param name="Point">Its location, a geometry.</param>
/// <param name="Moment">Its time.</param>
/// <param name="Text">Its text, empty without any.</param>
/// <param name="Group">The value of its group.</param>
/// <param name="Cells">The cells around its location.</param>
/// <param name="Low">The smallest key of the days around it.</param>
/// <param name="High">The exclusive end of the keys of those days.</param>
internal sealed record SimilarTo(string Point, string Moment, string Text, string Group, string Cells, string Low, string High);

/// <summary>
/// The rows similar to one. Keys come from the index on the finest cells, which includes the filtered columns. Location, text and score are
/// computed for those keys only. At the poles, where cells do not help, all rows of the group and the days are searched.
/// </summary>
/// <param name="similarity">How they are found.</param>
/// <param name="arguments">How many, and how near.</param>
/// <param name="number">Distinguishes the parameters of several such lists in one statement.</param>
internal sealed class SimilarSql(Similarity similarity, SimilarArguments arguments, int number)
{
    /// <summary>The column of the distance between the two rows.</summary>
    public const string Metres = "metres";

    /// <summary>The column of the score.</summary>
    public const string Score = "score";

    private string Key => Entity.RowColumn;

    private EntityMap Entity => similarity.Access.Entity;

    private string Created => similarity.Access.Created!.Column.Name;

    private string Point => similarity.Access.Grid!.Point;

    /// <summary>The best score first, then the nearest, then the newest.</summary>
    public string OrderBy(string alias) => $"{alias}.{Score} desc, {alias}.{Metres}, {alias}.{Key} desc";

    /// <summary>The text of a row; empty when it has none.</summary>
    public string TextOf(string alias) => $"concat_ws(' ', {string.Join(", ", similarity.Texts.Select(t => $"nullif({alias}.{t}, '')"))})";

    /// <summary>The radius of a request.</summary>
    public string Radius(StatementBuilder statement) =>
        statement.Parameter(("metres", number), values => StatementBuilder.Double(arguments.MetresOf(values.Variables)));

    /// <summary>The select of the best rows, with their distance and score.</summary>
    /// <param name="statement">Collects the parameters.</param>
    /// <param name="columns">The columns of the rows, the key among them.</param>
    /// <param name="other">What they are compared with.</param>
    /// <param name="condition">A further condition on an index entry under the alias <c>s</c>, starting with <c>and</c>.</param>
    /// <param name="limit">How many.</param>
    public string Sql(StatementBuilder statement, IReadOnlyList<string> columns, SimilarTo other, string condition, string limit)
    {
        string rows = $"{Entity.Table} s where s.{Entity.TenantColumn} = {statement.Tenant()}";
        string[] needed = [.. columns.Union([Created])];
        string conditions = $"s.{similarity.Group} = {other.Group} and s.{Key} >= {other.Low} and s.{Key} < {other.High}{condition}";
        string words = TextOf("s");
        return $"""
            select f.* from (
              select {Columns("h", columns)}, h.{Metres}, {ScoreOf(statement, other)} as {Score} from (
                select s.{Key} from {rows} and s.{similarity.Cell} = any({other.Cells}) and {conditions}
                union all
                select s.{Key} from {rows} and {other.Cells} is null and {conditions} offset 0) k
              cross join lateral (
                select {Columns("s", needed)}, {words} as words, st_distance(s.{Point}::geography, {other.Point}::geography) as {Metres}
                from {rows} and s.{Key} = k.{Key} offset 0) h
              where h.{Metres} <= {Radius(statement)}) f
            order by {OrderBy("f")} limit {limit}
            """;
    }

    /// <summary>
    /// The smallest key of the days around a moment, and the exclusive end. Days are counted in milliseconds, because a day of a time zone
    /// may be longer or shorter.
    /// </summary>
    public (string Low, string High) KeysAround(StatementBuilder statement, string moment) => (
        similarity.KeyOfMoment($"{moment} - {Ms(statement)} * interval '1 millisecond'"),
        similarity.KeyOfMoment($"{moment} + ({Ms(statement)} + 1) * interval '1 millisecond'"));

    private string Ms(StatementBuilder statement) =>
        statement.Parameter(("ms", number), values => StatementBuilder.Double(arguments.MsOf(values.Variables)));

    private string ScoreOf(StatementBuilder statement, SimilarTo other)
    {
        string near =
            $"{Number(SimilarityScore.LocationWeight)} * (1 - h.{Metres} / {Radius(statement)}) "
            + $"+ {Number(SimilarityScore.TimeWeight)} * (1 - abs(extract(epoch from h.{Created} - {other.Moment}))::float8 "
            + $"* 1000 / {Ms(statement)})";
        string withoutText = Number(SimilarityScore.LocationWeight + SimilarityScore.TimeWeight);
        return $"""
            case when h.words = '' or {other.Text} = '' then ({near}) / {withoutText}
                else {near} + {Number(SimilarityScore.TextWeight)} * similarity(h.words, {other.Text})::float8 end
            """;
    }

    private static string Number(double weight) => $"{weight.ToString("0.0", CultureInfo.InvariantCulture)}::float8";

    private static string Columns(string alias, IReadOnlyList<string> columns) => string.Join(", ", columns.Select(c => $"{alias}.{c}"));
}
