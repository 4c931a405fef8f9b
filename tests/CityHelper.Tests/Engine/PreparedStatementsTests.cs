using CityHelper.Engine.Database;
using CityHelper.Engine.Planning;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>The record of connections that keep prepared statements.</summary>
public sealed class PreparedStatementsTests
{
    private const int PoolSize = 4;

    /// <summary>A database that restarts a hundred times leaves hundreds of dead backends.</summary>
    [Fact]
    public void Connections_of_dead_backends_are_forgotten_and_those_in_use_are_not()
    {
        var prepared = new PreparedStatements(PoolSize);
        PreparedStatements.Kept used = prepared.KeptOf(1);
        for (int processId = 2; processId < 1_000; processId++)
        {
            prepared.KeptOf(processId);
            Assert.InRange(prepared.Count, 1, 2 * PoolSize);
            Assert.Same(used, prepared.KeptOf(1));
        }
    }

    /// <summary>Process ids of two servers are the same numbers.</summary>
    [Fact]
    public void Connections_of_two_servers_are_two()
    {
        var prepared = new PreparedStatements(PoolSize);
        var replica = new ReplicaServer("replica", 5432);
        Assert.NotSame(prepared.KeptOf(1), prepared.KeptOf(1, replica));
        Assert.NotSame(prepared.KeptOf(1, replica with { Port = 5433 }), prepared.KeptOf(1, replica));
        Assert.Same(prepared.KeptOf(1, replica with { }), prepared.KeptOf(1, replica));
    }

    [Fact]
    public void A_text_is_counted_once_whichever_plan_it_comes_from()
    {
        PreparedStatements.Kept kept = new PreparedStatements(PoolSize).KeptOf(1);
        var statement = new CompiledStatement("select 1", []);
        Assert.False(kept.Holds(statement));
        kept.Add(statement);
        kept.Add(new CompiledStatement("select 1", []));
        Assert.True(kept.Holds(new CompiledStatement("select 1", [])));
        Assert.False(kept.Holds(new CompiledStatement("select 2", [])));
        Assert.Equal(statement.Sql.Length, kept.Chars);
        kept.Clear();
        Assert.Equal((false, 0), (kept.Holds(statement), kept.Chars));
    }
}
