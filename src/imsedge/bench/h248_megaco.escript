#!/usr/bin/env escript
%% -*- erlang -*-
%%! +S 1 +sbt tnnps +sbwt none +sbwtdcpu none +sbwtdio none -kernel logger_level error
%% How fast Erlang/OTP megaco decodes and encodes the same messages.
%%
%%   h248_megaco.escript pretty|compact|ber FILE SECONDS
%%
%% FILE holds messages, each behind its length in four octets.  Prints "DECODE ENCODE", messages a second of
%% processor time, the median of five rounds each; text goes through the flex scanner where it can be loaded.
-mode(compile).

main([Kind, File, Seconds]) ->
    {ok, Data} = file:read_file(File),
    Messages = split(Data),
    {Module, Options} = codec(Kind),
    Terms = [begin {ok, T} = Module:decode_message(Options, dynamic, M), T end || M <- Messages],
    Round = list_to_integer(Seconds) * 100,
    Decode = median_of_5(fun() -> rate(fun() -> [Module:decode_message(Options, dynamic, M) || M <- Messages] end, length(Messages), Round) end),
    Encode = median_of_5(fun() -> rate(fun() -> [Module:encode_message(Options, 2, T) || T <- Terms] end, length(Terms), Round) end),
    io:format("~w ~w~n", [Decode, Encode]).

codec("ber") -> {megaco_binary_encoder, [native]};
codec(Kind) ->
    Options = case catch megaco_flex_scanner:start() of
                  {ok, Port} -> [{flex, Port}];
                  _ -> []
              end,
    {case Kind of "pretty" -> megaco_pretty_text_encoder; "compact" -> megaco_compact_text_encoder end, Options}.

median_of_5(Fun) -> lists:nth(3, lists:sort([Fun() || _ <- lists:seq(1, 5)])).

rate(Fun, Count, Milliseconds) ->
    {Start, _} = erlang:statistics(runtime),
    repeat(Fun, Count, Start, Start + Milliseconds, 0).

repeat(Fun, Count, Start, End, Done) ->
    [Fun() || _ <- lists:seq(1, 10)],
    case erlang:statistics(runtime) of
        {Now, _} when Now >= End -> round((Done + 10) * Count * 1000 / (Now - Start));
        _ -> repeat(Fun, Count, Start, End, Done + 10)
    end.

split(<<>>) -> [];
split(<<Size:32, Message:Size/binary, Rest/binary>>) -> [Message | split(Rest)].
