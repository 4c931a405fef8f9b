using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>
/// Which rows of a list stand behind or before the places of its cursors, where the list is not in the order of the keys alone: then the
/// keys' bounds say it already (<see cref="KeyRanges"/>).
/// </summary>
/// <remarks>
/// A cursor holds a key and one number. What else a row is ordered by is looked up by them in small tables, whose rows do not go away.
/// </remarks>
/// <param name="question">What is asked.</param>
/// <param name="part">Which rows.</param>
internal sealed class PlaceConditions(ConnectionQuestion question, ConnectionPart part)
{
    private readonly RowAccess _access = question.Rows.Access;
    private readonly RowOrder _order = question.Order;

    private string Key => _access.Entity.RowColumn;

    /// <summary>SQL of the number that a cursor holds beside the key, or null.</summary>
    public string? CursorValue(string alias) => _order.Kind switch
    {
        OrderKind.Column => $"(extract(epoch from {alias}.{_order.Terms[0].Column.Name}) * 1000)::bigint",
        OrderKind.Group when _order.Reference is null => $"array_position(enum_range(null::{Universe.Type}), {alias}.{_order.Group})::bigint",
        OrderKind.Group => $"{alias}.{_order.Group}::bigint",
        _ => null,
    };

    /// <summary>The column that <see cref="CursorValue"/> reads.</summary>
    public string CursorColumn => _order.Group ?? _order.Terms[0].Column.Name;

    /// <summary>The key of the part's own cursor.</summary>
    public string CursorKey(StatementBuilder statement) => part == ConnectionPart.BehindPage
        ? Before(statement).Key
        : After(statement).Key;

    /// <summary>Conditions on a row that is at hand with all that it is ordered by.</summary>
    public IEnumerable<Condition> Conditions(StatementBuilder statement)
    {
        string[] columns = [.. _order.Reference is null ? _order.Terms.Select(t => t.Column.Name) : [_order.Group!], Key];
        return Places(statement).Select(p => new Condition(p.Compare([.. Terms(statement, p, Condition.Row), KeyOf(p)]), columns));
    }

    /// <summary>Conditions on a group; the group of the place itself is one of them.</summary>
    public IEnumerable<string> OnGroups(StatementBuilder statement, string alias) =>
        Places(statement).Select(p => (p with { Inclusive = true }).Compare([.. Terms(statement, p, alias)]));

    /// <summary>Conditions on the rows of a group, which say something only in the group of the place.</summary>
    public IEnumerable<Condition> WithinGroup(StatementBuilder statement, string alias) =>
        Places(statement).Select(p => new Condition($"({alias}.{_order.Group} <> {p.Value} or {p.Compare([KeyOf(p)])})", [Key]));

    private ValueUniverse Universe => ValueUniverse.Of(_access, question.Rows.Row, _order.Group!);

    private (string Row, string Cursor, bool Descending) KeyOf(PlaceSql place) => ($"{Condition.Row}.{Key}", place.Key, _order.KeyDescending);

    // The places that bound the part, in the list's own order.
    private IEnumerable<PlaceSql> Places(StatementBuilder statement)
    {
        if (_order.Kind == OrderKind.Key)
        {
            yield break;
        }

        bool isPage = part == ConnectionPart.Page;
        if (part == ConnectionPart.BeforePage || (isPage && question.HasAfter))
        {
            yield return After(statement) with { Behind = isPage, Inclusive = !isPage };
        }

        if (part == ConnectionPart.BehindPage || (isPage && question.HasBefore))
        {
            yield return Before(statement) with { Behind = !isPage, Inclusive = !isPage };
        }
    }

    private PlaceSql After(StatementBuilder statement) => Place(statement, "after", values => values.After!.Value);

    private PlaceSql Before(StatementBuilder statement) => Place(statement, "before", values => values.Before!.Value);

    private PlaceSql Place(StatementBuilder statement, string name, Func<RootValues, CursorPosition> position) => new(
        statement.Parameter((name, "key"), values => StatementBuilder.Bigint(position(values).Key)),
        CursorValue("x") is null ? "" : statement.Parameter((name, "value"), values => Value(position(values).Value)));

    private NpgsqlParameter Value(long value)
    {
        if (_order.Kind == OrderKind.Column)
        {
            return StatementBuilder.Typed(NpgsqlDbType.TimestampTz, DateTimeOffset.FromUnixTimeMilliseconds(value).UtcDateTime);
        }

        return Universe.Target is null
            ? new NpgsqlParameter<string> { TypedValue = Universe.Labels[(int)value - 1], DataTypeName = Universe.Type }
            : StatementBuilder.Integer((int)value);
    }

    // What a row's place is compared by, beside the key: of the row, of the cursor, direction.
    private IEnumerable<(string Row, string Cursor, bool Descending)> Terms(StatementBuilder statement, PlaceSql place, string alias) => _order switch
    {
        { Kind: OrderKind.Small } => _order.Terms.Select(t => (t.Sql(alias), LookUp(statement, _access.Entity, t, place.Key), t.Descending)),
        { Reference: { Target: var target } } => _order.Terms
            .Select((t, i) => ($"{alias}.order_{i + 1}", LookUp(statement, target, t, place.Value), t.Descending))
            .Append(($"{alias}.{_order.Group}", place.Value, _order.GroupDescending)),
        _ => [($"{alias}.{_order.Terms[0].Column.Name}", place.Value, _order.Terms[0].Descending)],
    };

    private static string LookUp(StatementBuilder statement, EntityMap entity, OrderTerm term, string key) =>
        $"(select {term.Sql("x")} from {entity.Table} x where x.{entity.PartitionColumn} = {statement.Partition()} and x.{entity.RowColumn} = {key})";

    /// <summary>A cursor's place as parameters, and on which side of it rows are looked for.</summary>
    private sealed record PlaceSql(string Key, string Value)
    {
        public bool Behind { get; init; }

        public bool Inclusive { get; init; }

        // One row comparison where all directions agree, because an index can follow it; else the comparison spelled out.
        public string Compare((string Row, string Cursor, bool Descending)[] tuple)
        {
            (string row, string cursor, bool descending) = tuple[0];
            string beyond = descending == Behind ? "<" : ">";
            if (tuple.All(t => t.Descending == descending))
            {
                return $"({string.Join(", ", tuple.Select(t => t.Row))}) {beyond}{(Inclusive ? "=" : "")} ({string.Join(", ", tuple.Select(t => t.Cursor))})";
            }

            return $"({row} {beyond}= {cursor} and ({row} {beyond} {cursor} or {Compare(tuple[1..])}))";
        }
    }
}
