namespace CityHelper.Engine.Planning.Filters;

/// <summary>
/// SQL of the spatial operations on a column of areas. Operations that node crossings run only after the crossings within the client's
/// geometry, and between it and each row's area, were counted. Distances run only when the pairs of positions are few enough. One call of
/// either cannot be interrupted.
/// </summary>
/// <param name="statement">Collects the parameters and checks.</param>
/// <param name="row">SQL of the row's area.</param>
/// <param name="other">What it is compared with.</param>
internal sealed class AreaConditions(StatementBuilder statement, string row, SpatialOperand other)
{
    /// <summary>The SQL of a test.</summary>
    /// <param name="operation">The operation without negation.</param>
    public string Of(string operation) => operation switch
    {
        "intersects" => ByKind($"st_intersects({row}, {Other})", $"st_intersects({row}, {Other})", IsWithinDistance),
        "contains" => ByKind($"st_contains({row}, {Other})", $"st_contains({row}, {Other})", null),
        "touches" => ByKind(
            $"st_intersects({row}, {Other}) and not exists (select from unnest({Points}) p where st_within(p, {row}))",
            $"st_touches({row}, {Other})",
            null),

        // Neither points nor lines contain or overlap an area.
        "within" => OfSurfaces($"st_within({row}, {Other})"),
        "overlaps" => OfSurfaces($"st_overlaps({row}, {Other})"),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "An operation without SQL."),
    };

    /// <summary>
    /// SQL of the distance in degrees to the other geometry, 0 within a positive buffer; infinity where the distance exceeds every number
    /// that it is compared with.
    /// </summary>
    public string DistanceSql
    {
        get
        {
            string whole = $"case when {IsNear(Other)} then st_distance({row}, {Other}) else 'infinity' end";
            string runs = $"coalesce((select min(st_distance({row}, l)) from unnest({Runs}) l where {IsNear("l")}), 'infinity')";
            string distance = $"case when {Runs} is null then {whole} else {runs} end";
            return $"case when st_isempty({row}) is not false or {MaxDistance} is null then null else "
                + $"{(other.HasBuffer ? $"greatest(0, {distance} - {Distance})" : distance)} end";
        }
    }

    // PostgreSQL evaluates the conditions of a WHERE in the order of their estimated cost, and those in a CASE in the written order.
    private string IsWithinDistance =>
        $"case when {Runs} is null then {IsNear(Other)} and st_dwithin({row}, {Other}, {Distance}) "
        + $"else exists (select from unnest({Runs}) l "
        + $"where case when {IsNear("l")} then st_dwithin({row}, l, {Distance}) else false end) end";

    private string Other => other.Compared(statement);

    private string Distance => other.Distance(statement);

    private string MaxDistance => other.MaxDistance(statement);

    private string Runs => other.Part(statement, "runs", p => p.Runs);

    private string Points => other.Part(statement, "points", p => p.Points);

    // A distance takes all pairs of positions; the distance to a rectangle takes five for each position of the area. Boxes come first: they
    // read no position.
    private string IsNear(string geometry) =>
        $"{row} && st_expand({geometry}, {MaxDistance}) and st_dwithin({row}, st_envelope({geometry}), {MaxDistance})";

    private string ByKind(string points, string others, string? grown) =>
        $"case {other.Kind(statement)} when {(int)OperandKind.Points} then {points}"
        + (other.HasBuffer ? $" when {(int)OperandKind.Grown} then {grown ?? "false"}" : "") + $" else {others} end";

    private string OfSurfaces(string test) => $"case {other.Kind(statement)} when {(int)OperandKind.Surface} then {test}"
        + (other.HasBuffer ? $" when {(int)OperandKind.Shrunk} then {test}" : "") + " else false end";
}
