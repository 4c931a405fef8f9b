using CityHelper.Engine.Cursors;
using CityHelper.Engine.Planning.Filters;
using CityHelper.Engine.Schema.Bindings;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning.Connections;

/// <summary>
/// Which rows of a list are before or after the keyset positions of its cursors, where the list is not ordered by the key alone. In key
/// order the bounds on the keys express it already (<see cref="KeyRanges"/>).
/// </summary>
/// <remarks>
/// A cursor holds a key and one number. These look up the other values of the order in small tables, whose rows are not deleted.
/// </remarks>
/// <param name="question">What is asked.</param>
/// <param name="part">The part of the list.</param>
internal sealed class KeysetConditions(ConnectionQuestion question, ConnectionPart part)
{
    private readonly RowAccess _access = question.Rows.Access;
    private readonly RowOrder _order = question.Order;

    private string Key => _access.Entity.RowColumn;

    /// <summary>SQL of the number that a cursor holds beside the key; null without one.</summary>
    public string? CursorValue(string alias) =>
        _order.Kind switch
        {
            OrderKind.Column => $"(extract(epoch from {alias}.{_order.Terms[0].Column.Name}) * 1000)::bigint",
            OrderKind.Group when _order.Reference is null =>
                $"array_position(enum_range(null::{Universe.Type}), {alias}.{_order.Group})::bigint",
            OrderKind.Group => $"{alias}.{_order.Group}::bigint",
            _ => null,
        };

    /// <summary>The column that <see cref="CursorValue"/> reads.</summary>
    public string CursorColumn => _order.Group ?? _order.Terms[0].Column.Name;

    /// <summary>The key in the part's own cursor.</summary>
    public string CursorKey(StatementBuilder statement) => part == ConnectionPart.BehindPage
        ? Before(statement).Key
        : After(statement).Key;

    /// <summary>Conditions on a row that has all its order columns at hand.</summary>
    public IEnumerable<Condition> Conditions(StatementBuilder statement)
    {
        string[] columns = [.. _order.Reference is null ? _order.Terms.Select(t => t.Column.Name) : [_order.Group!], Key];
        return Bounds(statement).Select(p => new Condition(p.Compare([.. Terms(statement, p, Condition.Row), KeyOf(p)]), columns));
    }

    /// <summary>Conditions on a group; the group of the keyset position itself passes.</summary>
    public IEnumerable<string> OnGroups(StatementBuilder statement, string alias) =>
        Bounds(statement).Select(p => (p with { Inclusive = true }).Compare([.. Terms(statement, p, alias)]));

    /// <summary>Conditions on the rows of a group; they restrict only the group of the keyset position.</summary>
    public IEnumerable<Condition> WithinGroup(StatementBuilder statement, string alias) =>
        Bounds(statement).Select(p => new Condition($"({alias}.{_order.Group} <> {p.Value} or {p.Compare([KeyOf(p)])})", [Key]));

    private ValueUniverse Universe => ValueUniverse.Of(_access, question.Rows.Row, _order.Group!);

    private (string Row, string Cursor, bool Descending) KeyOf(KeysetSql keyset) =>
        ($"{Condition.Row}.{Key}", keyset.Key, _order.KeyDescending);

    // The keyset positions that bound the part, in the list's own order.
    private IEnumerable<KeysetSql> Bounds(StatementBuilder statement)
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

    private KeysetSql After(StatementBuilder statement) => Parameters(statement, "after", values => values.After!.Value);

    private KeysetSql Before(StatementBuilder statement) => Parameters(statement, "before", values => values.Before!.Value);

    private KeysetSql Parameters(StatementBuilder statement, string name, Func<RootValues, KeysetPosition> position) => new(
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

    // The terms that a keyset position is compared by, beside the key: the row's value, the cursor's value, the direction.
    private IEnumerable<(string Row, string Cursor, bool Descending)> Terms(StatementBuilder statement, KeysetSql keyset, string alias) =>
        _order switch
        {
            { Kind: OrderKind.Small } => _order.Terms.Select(t =>
                (t.Sql(alias), LookUp(statement, _access.Entity, t, keyset.Key), t.Descending)),
            { Reference: { Target: var target } } => _order
                .Terms.Select((t, i) => ($"{alias}.order_{i + 1}", LookUp(statement, target, t, keyset.Value), t.Descending))
                .Append(($"{alias}.{_order.Group}", keyset.Value, _order.GroupDescending)),
            _ => [($"{alias}.{_order.Terms[0].Column.Name}", keyset.Value, _order.Terms[0].Descending)],
        };

    private static string LookUp(StatementBuilder statement, EntityMap entity, OrderTerm term, string key) =>
        $"(select {term.Sql("x")} from {entity.Table} x "
        + $"where x.{entity.TenantColumn} = {statement.Tenant()} and x.{entity.RowColumn} = {key})";

    /// <summary>A keyset position as parameters, and the side of it on which rows are wanted.</summary>
    private sealed record KeysetSql(string Key, string Value)
    {
        public bool Behind { get; init; }

        public bool Inclusive { get; init; }

        // One row comparison where all directions agree, because an index supports it; otherwise the comparison term by term.
        public string Compare((string Row, string Cursor, bool Descending)[] tuple)
        {
            (string row, string cursor, bool descending) = tuple[0];
            string beyond = descending == Behind ? "<" : ">";
            if (tuple.All(t => t.Descending == descending))
            {
                string rows = string.Join(", ", tuple.Select(t => t.Row));
                return $"({rows}) {beyond}{(Inclusive ? "=" : "")} ({string.Join(", ", tuple.Select(t => t.Cursor))})";
            }

            return $"({row} {beyond}= {cursor} and ({row} {beyond} {cursor} or {Compare(tuple[1..])}))";
        }
    }
}
