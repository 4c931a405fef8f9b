using System.Globalization;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Space;
using Npgsql;
using NpgsqlTypes;

namespace CityHelper.Engine.Planning;

/// <summary>Makes one parameter of a statement from a request's values.</summary>
internal delegate NpgsqlParameter ParameterSource(RootRun run);

/// <summary>A statement under construction: its parameters, and the cover that decides its form.</summary>
/// <param name="cover">Only its level and the number of its cells count; the cells themselves are parameters.</param>
internal sealed class StatementBuilder(CellCover cover)
{
    private readonly Dictionary<object, string> _names = [];
    private readonly List<ParameterSource> _sources = [];

    public CellCover Cover { get; } = cover;

    public ParameterSource[] Sources => [.. _sources];

    /// <summary>The parameter that names the partition; the first of every statement on partitioned tables.</summary>
    public string Partition() => Parameter(nameof(Partition), static run => Smallint(run.Partition));

    /// <summary>A parameter, made once per <paramref name="key"/> however often the statement names it.</summary>
    public string Parameter(object key, ParameterSource source)
    {
        if (!_names.TryGetValue(key, out string? name))
        {
            _sources.Add(source);
            _names.Add(key, name = "$" + _sources.Count.ToString(CultureInfo.InvariantCulture));
        }

        return name;
    }

    /// <summary>A positional parameter of a stated type, so that PostgreSQL need not guess and the statement stays prepared.</summary>
    public static NpgsqlParameter Typed<T>(NpgsqlDbType type, T value) => new NpgsqlParameter<T> { NpgsqlDbType = type, TypedValue = value };

    public static NpgsqlParameter Smallint(short value) => Typed(NpgsqlDbType.Smallint, value);

    public static NpgsqlParameter Bigint(long value) => Typed(NpgsqlDbType.Bigint, value);

    public static NpgsqlParameter Integer(int value) => Typed(NpgsqlDbType.Integer, value);

    public static NpgsqlParameter Double(double value) => Typed(NpgsqlDbType.Double, value);

    public static NpgsqlParameter Text(string value) => Typed(NpgsqlDbType.Text, value);
}

/// <summary>A finished statement.</summary>
/// <param name="Sql">With positional parameters.</param>
/// <param name="Parameters">In their order.</param>
internal sealed record CompiledStatement(string Sql, ParameterSource[] Parameters);

/// <summary>A condition on a row.</summary>
/// <param name="Sql">With <see cref="Row"/> where the row's alias goes.</param>
/// <param name="Columns">The columns of the row that it reads.</param>
internal sealed record Condition(string Sql, IReadOnlyList<string> Columns)
{
    /// <summary>Stands for the alias.</summary>
    public const string Row = "{row}";

    public string For(string alias) => Sql.Replace(Row, alias, StringComparison.Ordinal);
}
